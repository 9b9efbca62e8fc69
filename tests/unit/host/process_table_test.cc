#include "host/process_table.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "host/child_process.h"
#include "host/system_clock.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

DetachedChild sleeper(const std::string& directory) {
  ChildSpec spec;
  spec.argv = {"/bin/sleep", "100"};
  spec.directory = directory;
  spec.out = spec.err = ChildOutput::Discard;
  auto child = spawn_detached(spec);
  EXPECT_TRUE(child);
  return std::move(*child);
}

bool contains(const std::vector<ProcessInfo>& processes, int pid) {
  return std::any_of(processes.begin(), processes.end(), [pid](const ProcessInfo& p) { return p.pid == pid; });
}

// Waits for the exit through the pidfd.
void reap_now(const DetachedChild& child) {
  ReapedStatus status;
  while (!reap(child.pidfd, status)) ::usleep(1000);
}

TEST(ProcStat, reads_a_name_with_blanks_and_brackets) {
  auto info =
      parse_proc_stat("4242 (postgres: a) b) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2 3 4 5 6 7");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->pid, 4242);
  EXPECT_EQ(info->name, "postgres: a) b");
  EXPECT_EQ(info->state, 'S');
  EXPECT_EQ(info->parent, 1);
  EXPECT_EQ(info->start_ticks, 987654);
}

TEST(ProcStat, broken_text_is_no_process) {
  for (const char* text : {"", "1", "1 (a", "x (a) S 1", "1 (a) S 1 2 3", ")("})
    EXPECT_FALSE(parse_proc_stat(text)) << text;
}

TEST(ProcessTable, finds_who_works_in_a_directory_even_after_it_was_renamed) {
  testing::TemporaryDirectory directory;
  const std::string before = directory / "data", after = directory / "moved";
  ASSERT_EQ(::mkdir(before.c_str(), 0700), 0);
  auto id = directory_id(before);
  ASSERT_TRUE(id);
  DetachedChild child = sleeper(before);
  ASSERT_EQ(::rename(before.c_str(), after.c_str()), 0);
  auto found = processes_in(*id);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].pid, child.pid);
  EXPECT_EQ(found[0].start_ticks, child.start_ticks);
  ::kill(child.pid, SIGKILL);
  // Dying or a zombie that nobody reaped: it does not work there any more.
  EXPECT_FALSE(contains(processes_in(*id), child.pid));
  reap_now(child);
}

TEST(ProcessTable, a_pid_with_other_start_ticks_is_another_process) {
  auto self = read_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(open_process(*self));
  EXPECT_FALSE(open_process(::getpid(), self->start_ticks + 1));
  EXPECT_FALSE(read_process(0x3ffffff));
}

TEST(ProcessTable, the_creation_time_is_that_of_the_calendar) {
  auto self = read_process(::getpid());
  auto created = creation_time(*self);
  ASSERT_TRUE(created);
  EXPECT_NEAR(*created, static_cast<double>(::time(nullptr)), 300.0);
}

}  // namespace
}  // namespace tamada
