// SPDX-License-Identifier: GPL-2.0-only
// Calls the library as AFL++ does.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "fuzz/targets.h"
#include "program/program.h"

namespace {

using Bytes = std::vector<uint8_t>;

class Library {
 public:
  Library() : handle_(dlopen(IOVAFUZZ_MUTATOR, RTLD_NOW)) {
    EXPECT_NE(handle_, nullptr) << dlerror();
  }
  template <class Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(handle_, name));
  }

 private:
  void* handle_;
};

class AflppMutator : public testing::Test {
 protected:
  using Init = void*(void*, unsigned);
  using Fuzz = size_t(void*, uint8_t*, size_t, uint8_t**, uint8_t*, size_t, size_t);
  using Deinit = void(void*);

  // Mutates repeatedly, each result being the next input.
  std::vector<Bytes> mutate(unsigned seed, size_t times, size_t max_size) {
    void* state = library.find<Init>("afl_custom_init")(nullptr, seed);
    std::vector<Bytes> all;
    Bytes input{0}, other = program::encode(program::parse("cache_get\ncache_put\n"));
    for (size_t i = 0; i < times; i++) {
      uint8_t* out = nullptr;
      size_t size = library.find<Fuzz>("afl_custom_fuzz")(state, input.data(), input.size(), &out,
                                                          other.data(), other.size(), max_size);
      input.assign(out, out + size);
      all.push_back(input);
    }
    library.find<Deinit>("afl_custom_deinit")(state);
    return all;
  }

  Library library;
};

TEST_F(AflppMutator, MakesProgramsOfTheTargetsOperationsThatFit) {
  std::set<program::OpCode> offered(fuzz::iova_tree.operations.begin(),
                                    fuzz::iova_tree.operations.end());
  std::set<Bytes> different;
  for (unsigned seed = 0; seed < 20; seed++) {
    for (const Bytes& bytes : mutate(seed, 100, 200)) {
      ASSERT_GT(bytes.size(), 0u);
      ASSERT_LE(bytes.size(), 200u);
      different.insert(bytes);
      program::Program program = program::decode(bytes);
      if (bytes != Bytes{0}) {
        EXPECT_EQ(program::encode(program), bytes);
      }
      for (const program::Operation& operation : program.operations)
        EXPECT_TRUE(offered.contains(operation.code)) << program::print(program);
    }
  }
  EXPECT_GT(different.size(), 500u);
}

// Trims as AFL++ does: keeps each step that preserves behaviour, here the presence of a put.
TEST_F(AflppMutator, TrimsByOperation) {
  void* state = library.find<Init>("afl_custom_init")(nullptr, 1);
  Bytes entry = program::encode(
      program::parse("cache_get\ninit\nalloc size=3\nput\ninit\nalloc size=5\ncache_put\n"));
  auto* trim = library.find<size_t(void*, uint8_t**)>("afl_custom_trim");
  auto* post_trim = library.find<int32_t(void*, unsigned char)>("afl_custom_post_trim");
  int32_t steps = library.find<int32_t(void*, uint8_t*, size_t)>("afl_custom_init_trim")(
      state, entry.data(), entry.size());
  EXPECT_EQ(steps, 7);
  for (int32_t step = 0; step < steps;) {
    uint8_t* out = nullptr;
    size_t size = trim(state, &out);
    ASSERT_LE(size, entry.size());
    Bytes smaller(out, out + size);
    bool has_put = program::print(program::decode(smaller)).find("\nput\n") != std::string::npos ||
                   program::print(program::decode(smaller)).starts_with("put\n");
    if (has_put) entry = smaller;
    step = post_trim(state, has_put);
  }
  EXPECT_EQ(program::print(program::decode(entry)), "put\n");
  // An entry longer than its program's encoding.
  Bytes wasteful(64, 0xff);
  steps = library.find<int32_t(void*, uint8_t*, size_t)>("afl_custom_init_trim")(
      state, wasteful.data(), wasteful.size());
  for (int32_t step = 0; step < steps; step = post_trim(state, 0)) {
    uint8_t* out = nullptr;
    ASSERT_LE(trim(state, &out), wasteful.size());
  }
  library.find<Deinit>("afl_custom_deinit")(state);
}

// Otherwise AFL++ would stay on one entry while it finds anything.
TEST_F(AflppMutator, SaysHowOftenAnEntryIsFuzzed) {
  auto* count = library.find<unsigned(void*, const uint8_t*, size_t)>("afl_custom_fuzz_count");
  ASSERT_NE(count, nullptr);
  EXPECT_GT(count(nullptr, nullptr, 0), 0u);
  EXPECT_LT(count(nullptr, nullptr, 0), 1000u);
}

TEST_F(AflppMutator, SameSeedMakesTheSame) {
  EXPECT_EQ(mutate(7, 200, 4096), mutate(7, 200, 4096));
  EXPECT_NE(mutate(7, 200, 4096), mutate(8, 200, 4096));
}

}  // namespace
