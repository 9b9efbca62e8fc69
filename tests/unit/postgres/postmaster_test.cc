#include "postgres/postmaster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "host/child_process.h"
#include "support/temporary_directory.h"

namespace tamada {
namespace {

class PostmasterLookTest : public ::testing::Test {
 protected:
  // Works in the directory, as PostgreSQL's processes do.
  ProcessInfo worker() {
    ChildSpec spec;
    spec.argv = {"/bin/sleep", "100"};
    spec.directory = directory_.path();
    spec.out = spec.err = ChildOutput::Discard;
    auto child = spawn_detached(spec);
    EXPECT_TRUE(child);
    children_.push_back(std::move(*child));
    auto process = read_process(children_.back().pid);
    EXPECT_TRUE(process);
    return process.value_or(ProcessInfo{});
  }
  void end(std::size_t index) {
    ::kill(children_[index].pid, SIGKILL);
    ReapedStatus status;
    while (!reap(children_[index].pidfd, status)) ::usleep(1000);
  }
  PostmasterQuestion question(const ProcessInfo& postmaster, bool only_orphans) {
    PostmasterQuestion q;
    q.data_dir = directory_.path();
    q.known_postmaster = PostmasterId{postmaster.pid, postmaster.start_ticks};
    q.only_orphans = only_orphans;
    return q;
  }

  testing::TemporaryDirectory directory_;
  std::vector<DetachedChild> children_;
};

TEST_F(PostmasterLookTest, a_living_postmaster_is_the_whole_answer_when_only_orphans_are_asked_for) {
  const ProcessInfo postmaster = worker();
  worker();
  const PostmasterLook everybody = look_for_postmaster(question(postmaster, false));
  EXPECT_EQ(everybody.state, ProcessState::Running);
  EXPECT_EQ(everybody.workers.size(), 2u);

  const PostmasterLook alone = look_for_postmaster(question(postmaster, true));
  EXPECT_EQ(alone.state, ProcessState::Running);
  EXPECT_EQ(alone.postmaster, everybody.postmaster);
  EXPECT_EQ(alone.directory, everybody.directory);
  EXPECT_TRUE(alone.workers.empty());
  end(0);
  end(1);
}

TEST_F(PostmasterLookTest, orphans_of_a_dead_postmaster_are_found_though_only_they_are_asked_for) {
  const ProcessInfo postmaster = worker();
  const ProcessInfo left = worker();
  end(0);
  const PostmasterLook look = look_for_postmaster(question(postmaster, true));
  EXPECT_EQ(look.state, ProcessState::Orphans);
  ASSERT_EQ(look.workers.size(), 1u);
  EXPECT_EQ(look.workers[0].pid, left.pid);
  end(1);
}

}  // namespace
}  // namespace tamada
