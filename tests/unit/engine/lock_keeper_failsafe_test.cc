// The lock while every member lets this primary go on without the store (safety.md 6.3).
#include "unit/engine/lock_keeper_parts.h"

namespace tamada {
namespace {

using test::Keeper;
using test::silence;
using Proven = Written<LockProof>;

// Leads, and the store has not answered a renewal.
struct Unanswered : Keeper {
  Unanswered() {
    lead();
    parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
    clock().advance(10s + 50ms);
    parts.store.calls.clear();
  }
  bool consent() { return keeper.consented(now(), keeper.confirmations()); }
  void answer_again() {
    parts.store.on_renew = [](LockGeneration generation, auto, Instant sent) {
      return Proven::make_applied({generation, sent + 30s, 30s});
    };
  }
};

TEST(LockKeeperFailsafe, the_first_renewal_without_an_answer_is_told_and_so_is_the_next_one_with) {
  Unanswered k;
  EXPECT_EQ(k.changes, 2);
  EXPECT_TRUE(k.keeper.unconfirmed());
  k.clock().advance(1s);
  EXPECT_EQ(k.changes, 2);
  k.answer_again();
  k.clock().advance(200ms);
  EXPECT_EQ(k.changes, 3);
  EXPECT_FALSE(k.keeper.unconfirmed());
}

TEST(LockKeeperFailsafe, a_consent_lengthens_the_lock_from_before_the_first_question) {
  Unanswered k;
  const Instant asked = k.now();
  const std::size_t fed = k.parts.watchdog.fed.size();
  k.clock().advance(3s);
  EXPECT_FALSE(k.keeper.status().consented);
  EXPECT_TRUE(k.keeper.consented(asked, k.keeper.confirmations()));
  EXPECT_TRUE(k.keeper.status().consented);
  EXPECT_EQ(k.keeper.proof()->valid_until, asked + 30s);
  EXPECT_EQ(k.keeper.fence_at(), asked + 30s - compute_timing(k.settings).stop_margin);
  EXPECT_EQ(k.parts.watchdog.fed.size(), fed + 1);
  k.clock().settle();
  EXPECT_EQ(k.parts.local.adoption->valid_until, asked + 30s) << "a restart is bounded by it, too";
  k.clock().advance(30s);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_FALSE(k.keeper.status().consented);
}

TEST(LockKeeperFailsafe, a_consent_never_shortens_and_counts_the_smaller_ttl) {
  Unanswered k;
  const Instant valid_until = k.keeper.proof()->valid_until;
  k.settings.ttl = 60s;
  k.keeper.update_settings(k.settings);
  EXPECT_TRUE(k.consent());
  EXPECT_EQ(k.keeper.proof()->valid_until, k.now() + 30s) << "the store granted no more";
  EXPECT_TRUE(k.keeper.consented(k.now() - 29s, k.keeper.confirmations()));
  EXPECT_GE(k.keeper.proof()->valid_until, valid_until);
}

TEST(LockKeeperFailsafe, a_consent_that_comes_too_late_is_none) {
  Unanswered k;
  const Instant asked = k.now();
  k.clock().advance(k.keeper.fence_at() - k.now());
  EXPECT_FALSE(k.keeper.consented(asked, k.keeper.confirmations())) << "demotion has begun";

  Unanswered confirmed;
  const std::uint64_t before = confirmed.keeper.confirmations();
  confirmed.answer_again();
  confirmed.clock().advance(200ms);
  EXPECT_FALSE(confirmed.keeper.consented(confirmed.now(), before)) << "the store has answered";
  confirmed.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  confirmed.clock().advance(11s);
  ASSERT_TRUE(confirmed.keeper.unconfirmed());
  EXPECT_FALSE(confirmed.keeper.consented(confirmed.now(), before)) << "those who consented may be free";

  Unanswered idle;
  idle.keeper.set_verdict(false, idle.now());
  EXPECT_FALSE(idle.consent()) << "nobody wants to lead here";
}

TEST(LockKeeperFailsafe, what_the_store_proves_takes_the_place_of_the_consent) {
  Unanswered k;
  EXPECT_TRUE(k.consent());
  k.answer_again();
  k.clock().advance(200ms);
  EXPECT_FALSE(k.keeper.status().consented);
  EXPECT_TRUE(k.keeper.proof());
}

TEST(LockKeeperFailsafe, without_the_consent_only_what_the_store_proved_is_left) {
  Unanswered k;
  const Instant stored = k.keeper.proof()->valid_until;
  EXPECT_TRUE(k.consent());
  k.keeper.consent_over();
  EXPECT_FALSE(k.keeper.status().consented);
  EXPECT_EQ(k.keeper.proof()->valid_until, stored);
  EXPECT_EQ(k.keeper.last_valid_until(), stored);
}

TEST(LockKeeperFailsafe, a_key_that_expired_meanwhile_is_taken_again_and_nothing_is_lost) {
  Unanswered k;
  EXPECT_TRUE(k.consent());
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  int silent = 2;
  k.parts.store.on_acquire = [&](auto, Instant sent) {
    if (silent-- > 0) return Proven::make_unknown(silence());
    return Proven::make_applied({{"n1", 12, "c"}, sent + 30s, 30s});
  };
  k.clock().advance(200ms);
  EXPECT_TRUE(k.keeper.status().held);
  EXPECT_FALSE(k.keeper.status().lost);
  EXPECT_FALSE(k.keeper.lost_early());
  k.clock().advance(5s);
  EXPECT_EQ(k.parts.store.count("acquire"), 3);
  EXPECT_EQ(k.keeper.proof()->generation.session, "c");
  EXPECT_FALSE(k.keeper.status().consented);
  EXPECT_FALSE(k.keeper.status().unknown);
}

TEST(LockKeeperFailsafe, a_key_of_our_name_that_an_unanswered_attempt_made_is_waited_for) {
  Unanswered k;
  EXPECT_TRUE(k.consent());
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  k.parts.store.on_acquire = [](auto, auto) { return Proven::make_refused("n1", silence()); };
  k.clock().advance(10s);
  EXPECT_TRUE(k.keeper.status().held);
  EXPECT_TRUE(k.keeper.unconfirmed()) << "the members are asked on";
  EXPECT_TRUE(k.consent());
  k.clock().advance(10s);
  EXPECT_FALSE(k.keeper.lost_early());
}

TEST(LockKeeperFailsafe, another_holder_is_believed_in_spite_of_the_consent) {
  Unanswered k;
  EXPECT_TRUE(k.consent());
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  k.parts.store.on_acquire = [](auto, auto) { return Proven::make_refused("n2", silence()); };
  k.clock().advance(2s);
  EXPECT_TRUE(k.keeper.status().lost);
  EXPECT_FALSE(k.keeper.proof());
}

TEST(LockKeeperFailsafe, a_key_that_cannot_be_taken_again_is_lost_with_the_consent) {
  Unanswered k;
  EXPECT_TRUE(k.consent());
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  k.parts.store.on_acquire = [](auto, auto) { return Proven::make_unknown(silence()); };
  k.clock().advance(35s);
  EXPECT_TRUE(k.keeper.status().lost);
  EXPECT_FALSE(k.keeper.proof());
  const int tries = k.parts.store.count("acquire");
  k.clock().advance(1min);
  EXPECT_EQ(k.parts.store.count("acquire"), tries);
}

TEST(LockKeeperFailsafe, a_key_is_not_taken_again_when_somebody_was_promoted_meanwhile) {
  for (const bool with_consent : {false, true}) {
    Unanswered k;
    EXPECT_EQ(k.consent(), true);
    if (!with_consent) k.keeper.consent_over();
    k.keeper.retake_by([](const LockGeneration& vanished) {
      EXPECT_EQ(vanished.session, "a");
      return std::optional<AcquireRequest>();
    });
    k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
    k.clock().advance(2s);
    EXPECT_EQ(k.parts.store.count("acquire"), 0);
    EXPECT_TRUE(k.keeper.status().lost);
  }
}

TEST(LockKeeperFailsafe, nothing_is_taken_against_a_promise) {
  Keeper k;
  k.keeper.forbid_taking([](bool bootstrap) { return !bootstrap; });
  EXPECT_EQ(k.acquire(), WriteKind::Refused);
  EXPECT_TRUE(k.parts.store.calls.empty());
  EXPECT_TRUE(k.clock().run(k.keeper.take(k.now() + 10s)));
}

TEST(LockKeeperFailsafe, who_is_taking_the_lock_is_known_from_the_first_step_to_the_last_doubt) {
  Keeper k;
  EXPECT_FALSE(k.keeper.taking());
  k.parts.store.takes = 1s;
  const auto done = k.clock().start(k.keeper.acquire({}, k.now() + 10s));
  EXPECT_TRUE(k.keeper.taking());
  k.clock().advance(2s);
  EXPECT_TRUE(done());
  EXPECT_FALSE(k.keeper.taking());

  Keeper doubt;
  doubt.parts.store.takes = 1h;
  EXPECT_EQ(doubt.acquire(), WriteKind::Unknown);
  EXPECT_TRUE(doubt.keeper.taking());
}

}  // namespace
}  // namespace tamada
