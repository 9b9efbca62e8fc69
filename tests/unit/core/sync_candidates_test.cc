#include "core/sync_candidates.h"

#include <gtest/gtest.h>

namespace tamada {
namespace {

using Names = std::vector<std::string>;

class Candidates : public ::testing::Test {
 protected:
  Candidates() {
    settings.dynamic.synchronous_mode = SynchronousMode::On;
    for (const char* name : {"n1", "n2", "n3", "n4"}) {
      Member m;
      m.name = name;
      m.state = PgState::Running;
      view.members.push_back(m);
    }
    server.server_version = 150000;
    server.position = Lsn{1000};
    for (const char* name : {"n2", "n3", "n4"}) stream(name, 900);
  }
  Member& member(const std::string& name) {
    for (Member& m : view.members) {
      if (m.name == name) return m;
    }
    throw std::logic_error(name);
  }
  WalSender& stream(const std::string& name, std::uint64_t at) {
    WalSender s;
    s.application_name = name;
    s.state = "streaming";
    s.sync_state = "async";
    s.sent = s.written = s.flushed = s.replayed = Lsn{at};
    return server.senders.emplace_back(std::move(s));
  }
  WalSender& sender(const std::string& name) {
    for (WalSender& s : server.senders) {
      if (s.application_name == name) return s;
    }
    throw std::logic_error(name);
  }
  SyncChoice choose() {
    return choose_standbys({view, settings, me, server, in_duty, in_force, missing, Instant(100s)});
  }

  std::string me = "n1";
  Settings settings;
  ClusterView view;
  SyncReplication server;
  Names in_duty;
  SyncNames in_force;
  MissingSince missing;
};

TEST_F(Candidates, TheMostAdvancedOneIsChosen) {
  sender("n3").flushed = Lsn{950};
  EXPECT_EQ(choose().names, (Names{"n3"}));
}

TEST_F(Candidates, TheColumnFollowsSynchronousCommit) {
  sender("n2").replayed = Lsn{950};
  sender("n3").written = Lsn{950};
  server.synchronous_commit = "remote_apply";
  EXPECT_EQ(choose().names, (Names{"n2"}));
  server.synchronous_commit = "remote_write";
  EXPECT_EQ(choose().names, (Names{"n3"}));
}

TEST_F(Candidates, OneThatIsSynchronousStays) {
  sender("n2").flushed = Lsn{950};
  sender("n4").sync_state = "sync";
  EXPECT_EQ(choose().names, (Names{"n4"}));
  sender("n4").sync_state = "potential";
  EXPECT_EQ(choose().names, (Names{"n4"}));
}

TEST_F(Candidates, AChoiceStandsBeforeTheWalsenderHasReadIt) {
  in_force = *parse_sync_names("n4");
  sender("n2").flushed = Lsn{950};
  EXPECT_EQ(choose().names, (Names{"n4"}));
}

TEST_F(Candidates, SyncPriorityGoesFirst) {
  sender("n2").sync_state = "sync";
  member("n3").tags.raw["sync_priority"] = 2;
  EXPECT_EQ(choose().names, (Names{"n3"}));
}

TEST_F(Candidates, TagsExclude) {
  member("n2").tags.raw["nosync"] = true;
  member("n3").tags.raw["nostream"] = true;
  member("n4").tags.raw["sync_priority"] = 0;
  const SyncChoice choice = choose();
  EXPECT_EQ(choice.names, Names{});
  ASSERT_EQ(choice.details.size(), 3u);
  EXPECT_EQ(choice.details[0], "n2 is no synchronous standby: it carries the tag nosync");
}

TEST_F(Candidates, ThoseWhoMayNotLeadComeLast) {
  member("n2").tags.raw["nofailover"] = true;
  sender("n2").sync_state = "sync";
  EXPECT_EQ(choose().names, (Names{"n3"}));
}

TEST_F(Candidates, OnlyRunningMembersThatStreamCount) {
  sender("n2").state = "catchup";
  member("n3").state = PgState::Stopping;
  stream("foreign", 1000);
  EXPECT_EQ(choose().names, (Names{"n4"}));
}

TEST_F(Candidates, NamesAreMatchedIgnoringCaseAndKeptAsTheMemberWritesThem) {
  member("n2").name = "Node-2";
  sender("n2").application_name = "node-2";
  sender("node-2").flushed = Lsn{950};
  EXPECT_EQ(choose().names, (Names{"Node-2"}));
}

TEST_F(Candidates, LaggingOnesAreSkipped) {
  settings.dynamic.maximum_lag_on_syncnode = 100;
  sender("n2").sync_state = "sync";
  sender("n2").flushed = Lsn{700};
  EXPECT_EQ(choose().names, (Names{"n3"}));
  // A single one is compared with the primary.
  server.senders.erase(server.senders.begin() + 1, server.senders.end());
  EXPECT_EQ(choose().names, Names{});
}

TEST_F(Candidates, AMemberThatShouldCascadeIsLeftOut) {
  member("n2").tags.raw["replicatefrom"] = "n3";
  sender("n2").flushed = Lsn{950};
  EXPECT_NE(choose().names, (Names{"n2"}));
  member("n2").tags.raw["replicatefrom"] = "n1";
  EXPECT_EQ(choose().names, (Names{"n2"}));
}

TEST_F(Candidates, TheNumberIsTheOperators) {
  settings.dynamic.synchronous_node_count = 2;
  EXPECT_EQ(choose().names, (Names{"n2", "n3"}));
  settings.dynamic.synchronous_node_count = 0;
  EXPECT_EQ(choose().names, Names{});
  settings.dynamic.synchronous_mode_strict = true;
  EXPECT_EQ(choose().names, (Names{"n2"}));
  settings.dynamic.synchronous_node_count = 3;
  server.server_version = 90500;
  EXPECT_EQ(choose().names, (Names{"n2"}));
}

TEST_F(Candidates, OneInDutyIsWaitedForAMoment) {
  in_duty = {"n2"};
  server.senders.erase(server.senders.begin());
  missing["n2"] = Instant(100s) - 500ms;
  EXPECT_EQ(choose().names, (Names{"n2"}));
  missing["n2"] = Instant(100s) - kSyncGrace;
  EXPECT_EQ(choose().names, (Names{"n3"}));
  missing["n2"] = Instant(100s);
  member("n2").state = PgState::Stopped;
  EXPECT_EQ(choose().names, (Names{"n3"}));
}

TEST_F(Candidates, EverybodyVotesInQuorumMode) {
  settings.dynamic.synchronous_mode = SynchronousMode::Quorum;
  EXPECT_EQ(choose().names, (Names{"n2", "n3", "n4"}));
  member("n2").tags.raw["nofailover"] = true;
  EXPECT_EQ(choose().names, (Names{"n3", "n4"}));
  settings.dynamic.synchronous_node_count = 3;
  EXPECT_EQ(choose().names, (Names{"n3", "n4", "n2"}));
  EXPECT_TRUE(quorum_form(settings, 100000));
  EXPECT_FALSE(quorum_form(settings, 90600));
}

}  // namespace
}  // namespace tamada
