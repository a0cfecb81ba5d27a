// SPDX-License-Identifier: GPL-2.0-only
#include "tool/variants/kunit_module.h"

#include <dlfcn.h>
#include <fmt/core.h>

#include <regex>

#include "kernel/kernel_variant.h"
#include "tool/support/build.h"
#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/words.h"
#include "tool/variants/kernel.h"
#include "tool/variants/module.h"
#include "tool/variants/refusal.h"

namespace fs = std::filesystem;

namespace tool {
namespace {

// Warnings about the suite are not shown.
constexpr const char* flags[] = {"-g",
                                 "-O1",
                                 "-shared",
                                 "-fno-omit-frame-pointer",
                                 "-Werror=int-conversion",
                                 "-Werror=incompatible-pointer-types",
                                 "-DKBUILD_MODNAME=\"suite\""};

// The file's folder as messages name it. This prefix of the suite's own paths must match no path of
// the allocator.
std::string shown_folder(const fs::path& file) {
  std::string folder = file.parent_path().string();
  if (folder.empty()) folder = ".";
  if (fs::path(folder).is_relative() && folder[0] != '.') folder = "./" + folder;
  return folder + "/";
}

struct Compilation {
  TreeBuild build;
  std::vector<std::string> headers;  // include folders
  std::vector<std::string> linked;
};

KunitModule compile(const std::string& file, const Compilation& with,
                    const Definitions& definitions) {
  read_file(file);  // throws if the file cannot be read
  const fs::path absolute = absolute_path(file);
  KunitModule module{{}, nullptr, shown_folder(file), nullptr, std::make_shared<TemporaryFolder>()};
  const std::string object = (module.folder->path() / "suite.so").string();
  std::vector<std::string> words{c_compiler()};
  words.insert(words.end(), std::begin(flags), std::end(flags));
  // The flags of a tree's own code (cmake/variants.cmake).
  for (const char* all :
       {IOVAFUZZ_KERNEL_FLAGS,
        with.build.zeroes_locals ? IOVAFUZZ_ZEROED_LOCALS : IOVAFUZZ_PATTERNED_LOCALS}) {
    const std::vector<std::string> some = unquoted(all);
    words.insert(words.end(), some.begin(), some.end());
  }
  if (with.build.hz) words.push_back(fmt::format("-DHZ={}", with.build.hz));
  if (!sanitizers().empty())
    words.insert(words.end(), {"-fsanitize=" + sanitizers(), "-fno-sanitize-recover=all"});
  for (const std::string& definition : definitions) words.push_back("-D" + definition);
  words.push_back(
      fmt::format("-fmacro-prefix-map={}/={}", absolute.parent_path().string(), module.own_files));
  words.insert(words.end(), {"-iquote", absolute.parent_path().string()});
  for (const std::string& folder : with.headers) words.insert(words.end(), {"-I", folder});
  for (const fs::path& folder :
       {source_folder() / "src/shim/include", source_folder(), source_folder() / "src"})
    words.insert(words.end(), {"-I", folder.string()});
  words.push_back(absolute.string());
  words.push_back((source_folder() / "src/shim/kunit_module.c").string());
  words.insert(words.end(), with.linked.begin(), with.linked.end());
  words.insert(words.end(), {"-o", object});
  CommandResult compiled = run_command(words, false);
  if (compiled.status) throw Failure(why_not_compiled(file, compiled.output));

  auto* library = dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    static const std::regex undefined("undefined symbol: (\\w+)");
    const std::string error = dlerror();
    std::smatch match;
    if (!std::regex_search(error, match, undefined)) throw Failure(error);
    throw Failure(
        fmt::format("{}: neither the allocator nor the shim has {}", file, match[1].str()));
  }
  auto* table = static_cast<const kunit_module*>(dlsym(library, KUNIT_MODULE_SYMBOL));
  if (!table) throw Failure(dlerror());
  module.suites = shim::suites_of(*table);
  if (module.suites.empty())
    throw Failure(fmt::format("{}: has no suites: register one with kunit_test_suite()", file));
  module.variant = static_cast<const iova_variant*>(dlsym(library, KERNEL_VARIANT_SYMBOL));
  module.library = library;
  return module;
}

}  // namespace

std::string kunit_library(const KernelTree& tree) { return "kernel_watched_" + tree.name; }

KunitModule load_kunit(const std::string& file, const KernelTree& tree,
                       const Definitions& definitions) {
  fs::path library = build_folder() / "src" / fmt::format("lib{}.a", kunit_library(tree));
  return compile(file,
                 {tree.build,
                  {(build_folder() / "kernels" / tree.name / "include").string()},
                  {"-Wl,--whole-archive", library.string(), "-Wl,--no-whole-archive"}},
                 definitions);
}

KunitModule load_kunit(const std::string& file, const VariantChoice& choice,
                       const Definitions& definitions) {
  const iova_variant& variant = choice.variant();
  if (!choice.kernel.empty()) {
    KernelTree tree = find_kernel_tree(choice.kernel);
    build({kunit_library(tree)});
    return load_kunit(file, tree, definitions);
  }
  KunitModule module = compile(file,
                               {{},
                                {(source_folder() / "src/iova/include").string()},
                                {(source_folder() / "src/iova/kernel_calls.c").string()}},
                               definitions);
  *static_cast<const iova_variant**>(dlsym(module.library, "port_at_hand")) = &variant;
  module.variant = &variant;
  return module;
}

}  // namespace tool
