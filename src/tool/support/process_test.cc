// SPDX-License-Identifier: GPL-2.0-only
// Child processes and lock files.
#include "tool/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "tool/support/failure.h"
#include "tool/support/files.h"
#include "tool/support/interrupt.h"

// Simulated failures of flock(): on NFS, an exclusive lock needs a file that is open for writing;
// lock_error is any other errno.
static bool is_nfs = false;
static int lock_error = 0;

extern "C" int flock(int file, int how) noexcept {
  const bool is_refused =
      is_nfs && (how & LOCK_EX) && (fcntl(file, F_GETFL) & O_ACCMODE) == O_RDONLY;
  if (is_refused || lock_error) {
    errno = is_refused ? EBADF : lock_error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_flock, file, how));
}

namespace tool {
namespace {

class FileLocks : public testing::Test {
 protected:
  ~FileLocks() override {
    EXPECT_EQ(seteuid(user_), 0);
    is_nfs = false;
    lock_error = 0;
  }
  const uid_t user_ = geteuid();
  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "lock";
};

TEST_F(FileLocks, HoldOnNfs) {
  is_nfs = true;
  const auto first = FileLock::try_to_hold(file_);
  ASSERT_TRUE(first);
  EXPECT_TRUE(FileLock::is_held(file_));
  EXPECT_FALSE(FileLock::try_to_hold(file_));
  const FileLock other(folder_.path() / "other");
  EXPECT_TRUE(FileLock::is_held(folder_.path() / "other"));
}

TEST_F(FileLocks, HoldWhereNobodyMayWrite) {
  namespace fs = std::filesystem;
  folder_.write("lock", "");
  fs::permissions(file_, fs::perms(0444));
  fs::permissions(folder_.path(), fs::perms(0755));
  if (user_ == 0) {
    constexpr uid_t nobody = 65534;  // permissions do not stop root
    ASSERT_EQ(seteuid(nobody), 0);
    EXPECT_THROW(FileLock(folder_.path() / "none"), Failure);
  }
  EXPECT_TRUE(FileLock::try_to_hold(file_));
}

TEST_F(FileLocks, AFolderWithoutLocksIsNoOtherHolder) {
  lock_error = ENOLCK;
  const std::string sentence = file_.string() + ": cannot be locked: No locks available";
  const auto fails = [&](const auto& lock) {
    try {
      lock();
    } catch (const Failure& failure) {
      return failure.what() == sentence;
    }
    return false;
  };
  EXPECT_TRUE(fails([&] { FileLock::try_to_hold(file_); }));
  EXPECT_TRUE(fails([&] { FileLock lock(file_); }));
}

TEST(RunCommand, IsEndedWhereThisProcessAloneIsInterrupted) {
  for (const bool show : {false, true}) {
    const InterruptGuard guard;
    const pid_t interrupter = run_child([]() -> int {
      while (true) {
        usleep(50'000);
        kill(getppid(), SIGTERM);
      }
    });
    EXPECT_EQ(run_command({"sleep", "60"}, show).status, 128 + SIGTERM);
    EXPECT_TRUE(interrupted());
    kill(interrupter, SIGKILL);
    wait_for(interrupter);
  }
}

// An exception that left the child would unwind into the parent's code.
TEST(RunChild, EndsWhereItsBodyThrows) {
  const auto ends_with = [](const std::function<int()>& body) {
    const int status = wait_for(run_child(body));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  EXPECT_EQ(ends_with([] { return 7; }), 7);
  EXPECT_EQ(ends_with([]() -> int { throw Failure("no"); }), could_not);
  EXPECT_EQ(ends_with([]() -> int { throw std::bad_alloc(); }), could_not);
}

}  // namespace
}  // namespace tool
