// SPDX-License-Identifier: GPL-2.0-only
#include "triage/presubmit.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "triage/commands.h"
#include "triage/files.h"

namespace fs = std::filesystem;

namespace triage {
namespace {

constexpr const char folder[] = ".clusterfuzzlite";
constexpr const char base_image[] = "gcr.io/oss-fuzz-base/base-builder";

Check verdict(const std::string& name, const std::string& why) {
  return {.name = name, .ok = why.empty(), .why = why};
}

// Without comments, which tell what the build does not do.
std::string code_of(const fs::path& script) {
  std::istringstream lines(read_file(script));
  std::string code, line;
  while (std::getline(lines, line))
    if (size_t begin = line.find_first_not_of(" \t"); begin != line.npos && line[begin] != '#')
      code += line + "\n";
  return code;
}

bool is_scalar(const YAML::Node& node) { return node.IsScalar() && !node.Scalar().empty(); }

// A list of some of these, each once; a sanitizer may be {name: {experimental: True}}.
std::string mistake_in_list(const YAML::Node& node, const std::set<std::string>& known) {
  if (!node.IsSequence() || node.size() == 0) return "is no list";
  std::set<std::string> seen;
  for (const YAML::Node& item : node) {
    std::string name = item.IsScalar()                      ? item.Scalar()
                       : item.IsMap() && item.size() == 1 ? item.begin()->first.Scalar()
                                                          : "";
    if (!known.contains(name)) return fmt::format("holds \"{}\", which is none", name);
    if (!seen.insert(name).second) return fmt::format("holds {} twice", name);
  }
  return "";
}

using Rule = std::function<std::string(const YAML::Node&)>;

Rule some_of(const std::set<std::string>& known) {
  return [known](const YAML::Node& node) { return mistake_in_list(node, known); };
}

Rule matching(const char* pattern, const char* what) {
  return [pattern, what](const YAML::Node& node) -> std::string {
    bool matches = is_scalar(node) && std::regex_match(node.Scalar(), std::regex(pattern));
    return matches ? "" : fmt::format("is no {}", what);
  };
}

std::string anything(const YAML::Node& node) { return node.IsNull() ? "is empty" : ""; }

std::string addresses(const YAML::Node& node) {
  Rule address = matching("[^@ ]+@[^@ ]+\\.[^@ .]+", "address of mail");
  if (node.IsScalar()) return address(node);
  if (!node.IsSequence() || node.size() == 0) return "is no list";
  for (const YAML::Node& item : node)
    if (std::string mistake = address(item); !mistake.empty()) return "holds what " + mistake;
  return "";
}

// Every key that is accepted, and what its value must be.
const std::map<std::string, Rule>& keys() {
  static const Rule flag = matching("[Tt]rue|[Ff]alse", "true or false");
  static const Rule web = matching("https?://[^ ]+", "address of the web");
  static const std::map<std::string, Rule> all{
      {"architectures", some_of({"x86_64", "i386", "aarch64"})},
      {"auto_ccs", addresses},
      {"base_os_version", matching("legacy|ubuntu-20-04|ubuntu-24-04", "version of an image")},
      {"blackbox", flag},
      {"builds_per_day", matching("[1-4]", "number from 1 to 4")},
      {"coverage_extra_args", anything},
      {"disabled", flag},
      {"disable_remediation", flag},
      {"disable_remediation_pre_review", flag},
      {"file_github_issue", flag},
      {"fuzzing_engines", some_of({"libfuzzer", "afl", "honggfuzz", "centipede"})},
      {"help_url", web},
      {"homepage", web},
      {"indexer", anything},
      {"labels", anything},
      {"language", matching("c|c\\+\\+", "language of this project")},
      {"main_repo", matching("(https?|git)://[^ ]+|[^@ ]+@[^: ]+:[^ ]+", "repository")},
      {"primary_contact", matching("[^@ ]+@[^@ ]+\\.[^@ .]+", "address of mail")},
      {"run_tests", flag},
      {"sanitizers", some_of({"address", "memory", "undefined"})},
      {"selective_unpack", flag},
      {"vendor_ccs", addresses},
      {"view_restrictions", matching("none", "restriction")},
  };
  return all;
}

// Sentences about project.yaml.
std::vector<std::string> mistakes_in_yaml(const YAML::Node& yaml) {
  if (!yaml.IsMap()) return {"it is no table of keys"};
  std::vector<std::string> mistakes;
  std::set<std::string> seen;
  for (const auto& entry : yaml) {
    std::string key = entry.first.Scalar();
    if (!seen.insert(key).second) mistakes.push_back(key + " is there twice");
    auto rule = keys().find(key);
    if (rule == keys().end()) {
      mistakes.push_back(fmt::format("no key \"{}\" is accepted", key));
    } else if (std::string mistake = rule->second(entry.second); !mistake.empty()) {
      mistakes.push_back(key + " " + mistake);
    }
  }
  for (const char* key : {"language", "main_repo", "homepage", "primary_contact"})
    if (!seen.contains(key)) mistakes.push_back(fmt::format("{} is missing", key));
  YAML::Node engines = yaml["fuzzing_engines"];
  if (engines && engines.IsSequence() &&
      std::none_of(engines.begin(), engines.end(), [](const YAML::Node& engine) {
        return engine.IsScalar() && engine.Scalar() == "libfuzzer";
      }))
    mistakes.push_back("fuzzing_engines lack libfuzzer");
  return mistakes;
}

std::string mistake_in_base(const std::string& dockerfile, const YAML::Node& yaml) {
  std::smatch match;
  if (!std::regex_search(dockerfile, match, std::regex("(?:^|\n)FROM +([^ \n:]+):?([^ \n]*)")))
    return "the Dockerfile has no FROM";
  if (match[1] != base_image) return fmt::format("the image is not {}", base_image);
  if (!yaml.IsMap()) return "";  // told already
  std::string version =
      yaml["base_os_version"] ? yaml["base_os_version"].as<std::string>("") : "legacy";
  std::string tag = match[2].str().empty() || match[2] == "v1" ? "legacy" : match[2].str();
  if (tag != version)
    return fmt::format("the Dockerfile's image is {}, base_os_version {}", tag, version);
  return "";
}

std::string mistake_in_installation(const std::string& dockerfile) {
  static const std::regex command("apt(?:-get)?(?: +-[^ ]+)* +(update|install)");
  bool updated = false;
  for (std::sregex_iterator at(dockerfile.begin(), dockerfile.end(), command), end; at != end; ++at)
    if ((*at)[1] == "update") {
      updated = true;
    } else if (!updated) {
      return "packages are installed before apt-get update";
    }
  return "";
}

// Files of the project, relative to it.
std::vector<fs::path> files_of(const fs::path& project,
                               const std::function<bool(const fs::path&)>& wanted) {
  std::vector<fs::path> found;
  for (fs::recursive_directory_iterator at(project), end; at != end; ++at) {
    std::string name = at->path().filename().string();
    if (at->is_directory() && (name == ".build" || name == ".campaign" || name == ".git"))
      at.disable_recursion_pending();
    else if (at->is_regular_file() && wanted(at->path()))
      found.push_back(fs::relative(at->path(), project));
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_of_build(const fs::path& file) {
  return file.filename() == "CMakeLists.txt" || file.extension() == ".cmake" ||
         file.filename() == "build.sh";
}

std::string mistake_in_engine(const fs::path& project) {
  bool used = false;
  for (const fs::path& file : files_of(project, is_of_build)) {
    std::string code = code_of(project / file);
    if (code.find("-lFuzzingEngine") != code.npos)
      return fmt::format("{} links -lFuzzingEngine", file.string());
    used |= code.find("LIB_FUZZING_ENGINE") != code.npos;
  }
  return used ? "" : "no file of the build takes $LIB_FUZZING_ENGINE";
}

std::string missing_licence(const fs::path& project) {
  for (const char* name : {"project.yaml", "Dockerfile", "build.sh"}) {
    std::string text = read_file(project / folder / name);
    if (text.find("http://www.apache.org/licenses/LICENSE-2.0") == text.npos)
      return fmt::format("{}/{} lacks Apache's header", folder, name);
  }
  return "";
}

}  // namespace

std::vector<Check> inspect_project(const fs::path& project) {
  YAML::Node yaml;
  std::vector<std::string> mistakes;
  try {
    yaml = YAML::Load(read_file(project / folder / "project.yaml"));
    mistakes = mistakes_in_yaml(yaml);
  } catch (const YAML::Exception& error) {
    mistakes.push_back(error.what());
  }
  std::string dockerfile = code_of(project / folder / "Dockerfile");
  std::vector<fs::path> archives =
      files_of(project, [](const fs::path& file) { return file.extension() == ".zip"; });
  return {
      verdict("project.yaml", fmt::format("{}", fmt::join(mistakes, "; "))),
      verdict("licence", missing_licence(project)),
      verdict("base-image", mistake_in_base(dockerfile, yaml)),
      verdict("apt-update", mistake_in_installation(dockerfile)),
      verdict("engine-flag", mistake_in_engine(project)),
      verdict("no-archives", archives.empty() ? "" : archives[0].string() + " is in the project"),
  };
}

}  // namespace triage
