// SPDX-License-Identifier: GPL-2.0-only
#include "symbols.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <span>

namespace shim {
namespace {

// An ELF file on disk, mapped for the lifetime of this object.
class ElfFile {
 public:
  explicit ElfFile(const char* path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file >= 0 && !fstat(file, &status) &&
        static_cast<size_t>(status.st_size) > sizeof(Elf64_Ehdr)) {
      size_ = static_cast<size_t>(status.st_size);
      void* memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
      if (memory != MAP_FAILED) bytes_ = static_cast<const char*>(memory);
    }
    if (file >= 0) close(file);
  }
  ~ElfFile() {
    if (bytes_) munmap(const_cast<char*>(bytes_), size_);
  }
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  explicit operator bool() const { return bytes_; }
  const Elf64_Ehdr& header() const { return *reinterpret_cast<const Elf64_Ehdr*>(bytes_); }
  std::span<const Elf64_Shdr> sections() const {
    return {reinterpret_cast<const Elf64_Shdr*>(bytes_ + header().e_shoff), header().e_shnum};
  }
  std::span<const Elf64_Sym> symbols(const Elf64_Shdr& table) const {
    return {reinterpret_cast<const Elf64_Sym*>(bytes_ + table.sh_offset),
            table.sh_size / sizeof(Elf64_Sym)};
  }
  // A string in a string table, which is given by the index of its section.
  const char* text(size_t section, size_t offset) const {
    return bytes_ + sections()[section].sh_offset + offset;
  }

 private:
  const char* bytes_ = nullptr;
  size_t size_ = 0;
};

std::string demangled(const char* name) {
  int status = 0;
  char* text = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string result = text ? text : name;
  free(text);
  return result;
}

// Removes template arguments, which may contain names and parentheses themselves.
std::string without_template_arguments(std::string_view function) {
  std::string text;
  int depth = 0;
  for (char c : function) {
    const bool is_operator = !depth && text.ends_with("operator");
    if (c == '<' && !is_operator) depth++;
    if (!depth) text += c;
    if (c == '>' && depth) depth--;
  }
  return text;
}

}  // namespace

std::string bare_name(std::string_view whole) {
  const std::string plain = without_template_arguments(whole);
  std::string_view function = plain;
  size_t parameters = function.rfind('(');
  while (parameters != std::string_view::npos && function.substr(parameters, 11) == "(anonymous ")
    parameters = parameters ? function.rfind('(', parameters - 1) : std::string_view::npos;
  function = function.substr(0, parameters);
  size_t scope = function.rfind("::");
  if (scope != std::string_view::npos) function.remove_prefix(scope + 2);
  return std::string(function.substr(0, function.find('.')));
}

bool is_of_allocator(const Symbol& symbol) {
  const std::string& name = symbol.name;
  const auto contains = [&](const char* part) { return name.find(part) != name.npos; };
  // The name of a template instance begins with its return type.
  const bool is_port = name.starts_with("port::") || contains(" port::");
  return symbol.section == "iova_text" ||
         (is_port && !contains("::helper::") && !contains("boost::intrusive::"));
}

Symbol symbol_of(uintptr_t instruction) {
  Dl_info module;
  if (!dladdr(reinterpret_cast<void*>(instruction), &module) || !module.dli_fname) return {};
  // The program's own path may be relative to another folder; /proc/self/exe always works.
  const bool is_there = access(module.dli_fname, R_OK) == 0;
  const ElfFile file(is_there ? module.dli_fname : "/proc/self/exe");
  if (!file) return {};
  if (file.header().e_type == ET_DYN) instruction -= reinterpret_cast<uintptr_t>(module.dli_fbase);
  for (const Elf64_Shdr& table : file.sections()) {
    if (table.sh_type != SHT_SYMTAB) continue;
    for (const Elf64_Sym& symbol : file.symbols(table)) {
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx >= file.sections().size() ||
          instruction < symbol.st_value || instruction >= symbol.st_value + symbol.st_size)
        continue;
      return {demangled(file.text(table.sh_link, symbol.st_name)),
              file.text(file.header().e_shstrndx, file.sections()[symbol.st_shndx].sh_name)};
    }
  }
  return {};
}

}  // namespace shim
