#include "postgres/slot_file.h"

#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>

#include "host/files.h"
#include "postgres/crc32c.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

void put(std::string& bytes, std::size_t at, std::uint32_t number) {
  std::memcpy(bytes.data() + at, &number, sizeof number);
}

// As PostgreSQL 15 lays it out: header, name, database, persistency, and positions that are not looked at.
std::string state_of(const std::string& name) {
  std::string bytes(200, '\0');
  put(bytes, 0, 0x1051CA1);
  put(bytes, 8, 2);
  put(bytes, 12, static_cast<std::uint32_t>(bytes.size() - 16));
  name.copy(bytes.data() + 16, 63);
  put(bytes, 80, 16384);
  put(bytes, 4, crc32c(std::string_view(bytes).substr(8)));
  return bytes;
}

TEST(SlotFile, a_whole_one_is_recognised) {
  auto checked = check_slot_file(state_of("changes"), "changes");
  EXPECT_TRUE(checked) << checked.error().text();
}

TEST(SlotFile, nothing_that_postgres_would_end_on_is_accepted) {
  const std::string whole = state_of("changes");
  EXPECT_FALSE(check_slot_file(whole, "other"));
  EXPECT_FALSE(check_slot_file(state_of("changes2"), "changes"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(check_slot_file(std::string_view(whole).substr(0, length), "changes")) << length;
  }
  EXPECT_FALSE(check_slot_file(whole + '\0', "changes"));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string broken = whole;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    EXPECT_FALSE(check_slot_file(broken, "changes")) << "byte " << i;
  }
  std::string physical = whole;
  put(physical, 80, 0);
  put(physical, 4, crc32c(std::string_view(physical).substr(8)));
  EXPECT_FALSE(check_slot_file(physical, "changes"));
}

TEST(SlotFile, is_put_in_place_as_a_whole_and_over_what_a_kill_left) {
  testing::TemporaryDirectory data;
  const std::string slots = data.path() + "/pg_replslot";
  std::filesystem::create_directories(slots + "/changes.tmp");
  ASSERT_TRUE(write_file_atomic(slots + "/changes.tmp/state", "half", 0600));
  const std::string state = state_of("changes");
  auto installed = install_slot_file(data.path(), "changes", state);
  ASSERT_TRUE(installed) << installed.error().text();
  EXPECT_EQ(*read_file(slots + "/changes/state"), state);
  EXPECT_FALSE(path_exists(slots + "/changes.tmp"));
  ASSERT_TRUE(install_slot_file(data.path(), "changes", "another"));
  EXPECT_EQ(*read_file(slots + "/changes/state"), state) << "one that is there stays";
}

}  // namespace
}  // namespace tamada
