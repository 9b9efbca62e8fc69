#include "host/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temporary_directory.h"

namespace tamada {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat info{};
  ::stat(path.c_str(), &info);
  return info.st_mode & 07777;
}

TEST(Files, an_atomic_write_sets_the_mode_whatever_the_umask_is) {
  testing::TemporaryDirectory directory;
  ::umask(077);
  ASSERT_TRUE(write_file_atomic(directory / "f", "text", 0640));
  ::umask(022);
  EXPECT_EQ(mode_of(directory / "f"), 0640u);
  EXPECT_EQ(*read_file(directory / "f"), "text");
}

TEST(Files, a_symbolic_link_keeps_being_one_and_its_target_is_replaced) {
  testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory / "target", "old", 0600));
  ASSERT_EQ(::symlink((directory / "target").c_str(), (directory / "link").c_str()), 0);
  ASSERT_TRUE(write_file_atomic(directory / "link", "new", 0600));
  EXPECT_EQ(*read_file(directory / "target"), "new");
  struct stat info{};
  ASSERT_EQ(::lstat((directory / "link").c_str(), &info), 0);
  EXPECT_TRUE(S_ISLNK(info.st_mode));
}

TEST(Files, writes_only_when_the_content_differs) {
  testing::TemporaryDirectory directory;
  EXPECT_TRUE(*write_file_if_changed(directory / "f", "a", 0600));
  EXPECT_FALSE(*write_file_if_changed(directory / "f", "a", 0600));
  EXPECT_TRUE(*write_file_if_changed(directory / "f", "b", 0600));
}

TEST(Files, errors_name_the_path_and_the_reason) {
  auto missing = read_file("/nonexistent/file");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missing.error().message, "cannot open /nonexistent/file: no such file or directory");
  EXPECT_FALSE(read_file_if_exists("/nonexistent/file")->has_value());
}

TEST(Files, a_file_over_the_limit_is_refused) {
  testing::TemporaryDirectory directory;
  ASSERT_TRUE(write_file_atomic(directory / "f", std::string(100, 'x'), 0600));
  EXPECT_EQ(read_file(directory / "f", 99).error().code, ErrorCode::Invalid);
  EXPECT_TRUE(read_file(directory / "f", 100));
}

TEST(Files, removing_what_is_not_there_is_success) {
  EXPECT_TRUE(remove_file("/tmp/tamada-nonexistent-file"));
}

}  // namespace
}  // namespace tamada
