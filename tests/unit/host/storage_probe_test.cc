#include "host/storage_probe.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/files.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

using Outcome = StorageProbe::Outcome;

TEST(StorageProbe, writes_over_one_file_and_tells_the_space) {
  testing::TemporaryDirectory directory;
  const std::string file = directory / "probe";
  const StorageProbe probe = probe_storage(file);
  ASSERT_EQ(probe.outcome, Outcome::Written) << probe.error;
  EXPECT_GT(probe.space.total_bytes, 0u);
  EXPECT_LE(probe.space.free_bytes, probe.space.total_bytes);
  const auto first = read_file(file);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), 8192u);
  EXPECT_EQ(probe_storage(file).outcome, Outcome::Written);
  const auto second = read_file(file);
  EXPECT_EQ(second->size(), 8192u);
  EXPECT_NE(*first, *second) << "the same block again would need no write";
}

TEST(StorageProbe, never_makes_a_directory) {
  testing::TemporaryDirectory directory;
  EXPECT_EQ(probe_storage(directory / "gone/probe").outcome, Outcome::NoDirectory);
  EXPECT_FALSE(path_exists(directory / "gone"));
}

TEST(StorageProbe, follows_no_symbolic_link) {
  testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory / "precious", "text", 0600));
  ASSERT_EQ(::symlink((directory / "precious").c_str(), (directory / "probe").c_str()), 0);
  EXPECT_EQ(probe_storage(directory / "probe").outcome, Outcome::Failed);
  EXPECT_EQ(*read_file(directory / "precious"), "text");
}

TEST(StorageProbe, tells_what_the_system_said) {
  const StorageProbe probe = probe_storage("/proc/tamada_probe");
  EXPECT_NE(probe.outcome, Outcome::Written);
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ(probe_storage("/dev/full").outcome, Outcome::Full);
}

TEST(StorageProbe, tells_volumes_apart) {
  testing::TemporaryDirectory directory;
  EXPECT_TRUE(same_volume(directory / ".", directory / "."));
  EXPECT_FALSE(same_volume(directory / ".", "/proc"));
  EXPECT_FALSE(same_volume(directory / "gone", directory / "gone"));
}

}  // namespace
}  // namespace tamada
