#include "engine/sync_keeper.h"

#include <gtest/gtest.h>

#include "support/engine_parts.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using test::EngineParts;

// PostgreSQL and /sync of a cluster of three in which n1 leads; what is set takes effect at once.
class Keeper : public ::testing::Test {
 protected:
  Keeper() {
    parts.configure([](Settings& s) { s.dynamic.synchronous_mode = SynchronousMode::On; });
    parts.runs_as(true);
    parts.state.postgres.postmaster = PostmasterId{42, 1};
    lock.held = LockProof{{"n1", 7, "a"}, parts.clock.now() + 1h, 30s};
    view = test::healthy_view();
    parts.postgres.sync.server_version = 150000;
    parts.postgres.sync.synchronous_commit = "on";
    parts.postgres.sync.position = Lsn{100};
    for (const char* name : {"n2", "n3"}) {
      WalSender s;
      s.application_name = name;
      s.state = "streaming";
      s.sync_state = "async";
      s.sent = s.written = s.flushed = s.replayed = Lsn{100};
      parts.postgres.sync.senders.push_back(s);
    }
    parts.postgres.on_names = [this](const std::string& names) -> Result<void> {
      parts.postgres.sync.names = names;
      return {};
    };
    parts.postgres.on_mark = [this](const std::string&) -> Result<Lsn> {
      parts.postgres.sync.position = Lsn{parts.postgres.sync.position.bytes + 10};
      for (WalSender& s : parts.postgres.sync.senders)
        s.sent = s.written = s.flushed = s.replayed = parts.postgres.sync.position;
      return parts.postgres.sync.position;
    };
    parts.store.on_load = [this]() -> Result<ClusterView> { return view; };
    parts.store.on_write = [this](StoreWrite w) { return land(w); };
  }
  ~Keeper() override { parts.clock.run(keeper->stop()); }

  // What the store does with a write of /sync.
  Written<std::int64_t> land(const StoreWrite& w) {
    const std::int64_t expected = w.condition.kind == WriteCondition::Kind::Absent ? 0 : w.condition.revision;
    if (expected != view.sync.revision)
      return Written<std::int64_t>::make_refused("", Error(ErrorCode::Conflict, "another"));
    view.sync = w.value ? parse_sync(*w.value) : SyncState{};
    ++view.revision;
    view.sync.revision = w.value ? view.revision : 0;
    return Written<std::int64_t>::make_applied(view.revision);
  }

  void start() {
    views = std::make_unique<ViewKeeper>(parts.clock.executor(), parts.clock, parts.store, parts.log, [] {});
    context = std::make_unique<ProcedureContext>(parts.context_with(lock));
    runner = std::make_unique<ProcedureRunner>(parts.clock.executor(), parts.clock, parts.log, [] {});
    keeper = std::make_unique<SyncKeeper>(parts.clock.executor(), parts.state, *context, *views, *runner);
    (void)parts.clock.run(views->load(parts.clock.now() + 1s));
    keeper->start();
  }
  void pass(Duration time) {
    const Instant until = parts.clock.now() + time;
    while (parts.clock.now() < until) {
      parts.clock.advance(10ms);
      (void)parts.clock.run(views->load(parts.clock.now() + 1s));
      keeper->look();
    }
  }
  std::vector<std::string> writes() const {
    std::vector<std::string> out;
    for (const StoreWrite& w : parts.store.writes) out.push_back(w.value.value_or("(delete)"));
    return out;
  }

  EngineParts parts;
  test::FixedLock lock;
  ClusterView view;
  std::unique_ptr<ViewKeeper> views;
  std::unique_ptr<ProcedureContext> context;
  std::unique_ptr<ProcedureRunner> runner;
  std::unique_ptr<SyncKeeper> keeper;
};

TEST_F(Keeper, NamesAreSetAndProvenBeforeSyncListsThem) {
  start();
  pass(500ms);
  EXPECT_EQ(writes(), (std::vector<std::string>{R"({"leader":"n1","quorum":0,"sync_standby":null})",
                                                R"({"leader":"n1","quorum":0,"sync_standby":"n2"})"}));
  EXPECT_EQ(parts.postgres.calls, (std::vector<std::string>{"names n2", "mark n2"}));
  EXPECT_EQ(parts.state.sync.rule, "SY-90");
  for (const StoreWrite& w : parts.store.writes) {
    ASSERT_TRUE(w.while_leading);
    EXPECT_EQ(w.while_leading->create_revision, 7);
  }
}

const std::string kAlone = R"({"leader":"n1","quorum":0,"sync_standby":null})";
const std::string kWithN2 = R"({"leader":"n1","quorum":0,"sync_standby":"n2"})";
const std::string kWithN3 = R"({"leader":"n1","quorum":0,"sync_standby":"n3"})";
using Texts = std::vector<std::string>;

TEST_F(Keeper, AGoneStandbyLeavesSyncBeforeItsPlaceIsTaken) {
  start();
  pass(500ms);
  parts.store.writes.clear();
  parts.postgres.calls.clear();
  parts.postgres.sync.senders.erase(parts.postgres.sync.senders.begin());
  pass(900ms);
  EXPECT_EQ(writes(), Texts{}) << "a moment without it is no loss";
  pass(2s);
  EXPECT_EQ(writes(), (Texts{kAlone, kWithN3}));
  EXPECT_EQ(parts.postgres.calls, (Texts{"names n3", "mark n3"}));
}

TEST_F(Keeper, AnUnansweredWriteIsFollowedByOneThatFencesIt) {
  start();
  int n = 0;
  parts.store.on_write = [&](const StoreWrite& w) {
    const auto landed = land(w);
    if (++n == 3) return Written<std::int64_t>::make_unknown(test::silence());
    return landed;
  };
  pass(500ms);
  // Alone; then n2, whose answer is lost; the same again under the new revision.
  ASSERT_EQ(writes().size(), 2u);
  n = 2;
  parts.postgres.sync.senders.erase(parts.postgres.sync.senders.begin());
  pass(3s);
  EXPECT_EQ(writes(), (Texts{kAlone, kWithN2, kAlone, kAlone, kWithN3}));
}

TEST_F(Keeper, SomebodyElsesWriteIsSeenBeforeTheNextOne) {
  view.sync = {"n1", {"n2"}, 0, 5};
  parts.postgres.sync.names = "n2";
  bool first = true;
  parts.store.on_write = [&](const StoreWrite& w) {
    if (std::exchange(first, false)) {
      view.sync.standbys = {"n2", "n3"};  // n3 is not waited for
      view.sync.revision = ++view.revision;
    }
    return land(w);
  };
  start();
  pass(500ms);
  EXPECT_EQ(writes(), (Texts{kWithN2, kAlone, kWithN2}));
}

TEST_F(Keeper, WithTheModeOffSyncGoesFirstThenTheNames) {
  start();
  pass(500ms);
  parts.configure([](Settings& s) {
    s.dynamic.synchronous_mode = SynchronousMode::Off;
    s.postgresql.parameters["synchronous_standby_names"] = "mine";
  });
  parts.store.writes.clear();
  parts.postgres.calls.clear();
  std::string names_at_delete = "?";
  parts.store.on_write = [&](const StoreWrite& w) {
    names_at_delete = parts.postgres.sync.names;
    return land(w);
  };
  pass(500ms);
  EXPECT_EQ(writes(), Texts{"(delete)"});
  EXPECT_EQ(names_at_delete, "n2");
  EXPECT_EQ(parts.postgres.calls, Texts{"names "});
  pass(10s);
  EXPECT_EQ(parts.postgres.calls.size(), 1u) << "given back once";
}

TEST_F(Keeper, TheOperatorsNamesAreLeftAloneWhereTheModeWasNeverOn) {
  parts.configure([](Settings& s) {
    s.dynamic.synchronous_mode = SynchronousMode::Off;
    s.postgresql.parameters["synchronous_standby_names"] = "mine";
  });
  parts.postgres.sync.names = "mine";
  start();
  pass(5s);
  EXPECT_EQ(writes(), Texts{});
  EXPECT_EQ(parts.postgres.calls, Texts{});
}

TEST_F(Keeper, NothingIsDoneWithoutTheLockOrBesideAProcedure) {
  lock.held.reset();
  start();
  pass(2s);
  EXPECT_EQ(writes(), Texts{});
  lock.held = LockProof{{"n1", 7, "a"}, parts.clock.now() + 1h, 30s};
  auto body = [](Clock& clock) -> Task<Result<void>> {
    co_await clock.sleep_for(2s);
    co_return Result<void>();
  };
  runner->start(ProcedureKind::Restart, "restart", body(parts.clock), [](Result<void>) {});
  pass(1s);
  EXPECT_EQ(writes(), Texts{});
  pass(2s);
  EXPECT_EQ(writes().size(), 2u);
}

TEST_F(Keeper, NamesThatWereNotSetAreSetAgainBeforeAnybodyIsListed) {
  int tries = 0;
  parts.postgres.on_names = [&](const std::string& names) -> Result<void> {
    if (++tries == 1) return test::silence();
    parts.postgres.sync.names = names;
    return {};
  };
  start();
  pass(3s);
  EXPECT_EQ(parts.postgres.calls, (Texts{"names n2", "names n2", "mark n2"}));
  EXPECT_EQ(writes(), (Texts{kAlone, kWithN2}));
}

TEST_F(Keeper, AStandbyThatDoesNotReachTheMarkIsNotListed) {
  parts.postgres.on_mark = [this](const std::string&) -> Result<Lsn> {
    parts.postgres.sync.position = Lsn{200};
    for (WalSender& s : parts.postgres.sync.senders) s.sent = Lsn{200};
    return Lsn{200};
  };
  start();
  pass(3s);
  EXPECT_EQ(writes(), Texts{kAlone});
  EXPECT_EQ(parts.state.sync.rule, "SY-42");
  parts.postgres.sync.senders[0].flushed = Lsn{200};
  pass(1s);
  EXPECT_EQ(writes(), (Texts{kAlone, kWithN2}));
}

TEST_F(Keeper, SettingsOutsideThePromiseAreToldOnce) {
  parts.postgres.sync.lowered = 2;
  start();
  pass(5s);
  EXPECT_EQ(parts.state.sync.lowered, 2);
  EXPECT_EQ(parts.log_lines.count("outside the promise"), 1);
}

}  // namespace
}  // namespace tamada
