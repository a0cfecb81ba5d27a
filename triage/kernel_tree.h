// stub, replaced
#pragma once
#include <filesystem>
#include <string>
namespace triage {
struct KernelTree { std::string name, title; std::filesystem::path folder; };
KernelTree find_kernel_tree(const std::string& spec);
}
