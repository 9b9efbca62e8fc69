// The leader lock: what a renewal proves, and what is believed while nobody answers (safety.md 1).
#include "unit/engine/lock_keeper_parts.h"

namespace tamada {
namespace {

using test::Keeper;
using test::silence;
using Proven = Written<LockProof>;

TEST(LockKeeper, what_was_acquired_is_held_and_fenced_before_it_ends) {
  Keeper k;
  EXPECT_EQ(k.keeper.fence_at(), kLongAgo);
  const Instant sent = k.now();
  k.parts.store.takes = 1s;
  EXPECT_EQ(k.acquire(), WriteKind::Applied);
  ASSERT_TRUE(k.keeper.proof());
  EXPECT_EQ(k.keeper.proof()->valid_until, sent + 30s);
  EXPECT_EQ(k.keeper.fence_at(), sent + 30s - compute_timing(k.settings).stop_margin);
  EXPECT_EQ(k.parts.watchdog.fed.size(), 1u);
  EXPECT_EQ(k.changes, 1);
}

TEST(LockKeeper, a_refused_acquire_leaves_nothing) {
  Keeper k;
  k.parts.store.on_acquire = [](auto, auto) { return Proven::make_refused("n2", silence()); };
  EXPECT_EQ(k.acquire(), WriteKind::Refused);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_FALSE(k.keeper.status().unknown);
  EXPECT_EQ(k.keeper.fence_at(), kLongAgo);
  EXPECT_TRUE(k.parts.watchdog.fed.empty());
}

TEST(LockKeeper, an_acquire_without_an_answer_is_neither_held_nor_refused) {
  Keeper k;
  k.parts.store.takes = 1h;
  EXPECT_EQ(k.acquire(), WriteKind::Unknown);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_TRUE(k.keeper.status().unknown);
  ClusterView mine = test::healthy_view();
  k.keeper.settle(mine, "n1");
  EXPECT_TRUE(k.keeper.status().unknown) << "a key with our name proves nothing";
  mine.leader->generation.holder = "n2";
  k.keeper.settle(mine, "n1");
  EXPECT_FALSE(k.keeper.status().unknown);
}

TEST(LockKeeper, a_cancelled_acquire_is_as_unknown_as_one_without_an_answer) {
  Keeper k;
  k.parts.store.takes = 5s;
  TaskScope::Id id = 0;
  k.clock().start(k.keeper.acquire({}, k.now() + 10s), &id);
  k.clock().cancel(id);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_TRUE(k.keeper.status().unknown);
}

TEST(LockKeeper, renews_on_its_own_timer_from_the_moment_of_sending) {
  Keeper k;
  k.lead();
  k.parts.store.takes = 2s;
  const Instant began = k.now();
  k.clock().advance(31s);
  EXPECT_EQ(k.parts.store.count("renew a"), 3);
  EXPECT_EQ(k.keeper.proof()->valid_until, began + 20s + 30s) << "of the last that was answered";
  EXPECT_EQ(k.parts.watchdog.fed.size(), 3u) << "one for the acquire and one for each confirmed renewal";
  EXPECT_EQ(k.parts.store.most_at_once, 1);
  EXPECT_EQ(k.changes, 1);
}

TEST(LockKeeper, the_status_goes_with_the_renewal) {
  Keeper k;
  k.status = StatusDocument{Lsn{0x42}, {}, {}};
  std::optional<StatusDocument> sent;
  k.parts.store.on_renew = [&](auto generation, RenewRequest request, Instant at) {
    sent = request.status;
    return Proven::make_applied({generation, at + 30s, 30s});
  };
  k.lead();
  k.clock().advance(10s);
  EXPECT_EQ(sent, k.status);
}

TEST(LockKeeper, the_generation_of_the_newest_proof_counts) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [](LockGeneration generation, auto, Instant sent) {
    generation.session = "b";
    return Proven::make_applied({generation, sent + 20s, 20s});
  };
  k.clock().advance(10s);
  EXPECT_EQ(k.keeper.proof()->generation.session, "b");
  EXPECT_EQ(k.keeper.status().held->session, "b");
  EXPECT_EQ(k.changes, 2);
  ASSERT_TRUE(k.parts.local.adoption);
  EXPECT_EQ(k.parts.local.adoption->generation.session, "b");
  EXPECT_EQ(k.parts.local.adoption->granted_ttl, 20s);
  k.clock().advance(10s);
  EXPECT_EQ(k.parts.store.calls.back(), "renew b");
  EXPECT_EQ(k.clock().run(k.keeper.release(std::nullopt, k.now() + 3s)), WriteKind::Applied);
  EXPECT_EQ(k.parts.store.calls.back(), "release b");
}

TEST(LockKeeper, renewals_without_an_answer_are_tried_at_once_and_prove_nothing) {
  Keeper k;
  k.lead();
  const Instant valid_until = k.keeper.proof()->valid_until;
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  k.clock().advance(11s);
  EXPECT_GE(k.parts.store.count("renew"), 5);
  EXPECT_EQ(k.keeper.proof()->valid_until, valid_until);
  EXPECT_EQ(k.parts.watchdog.fed.size(), 1u);
  k.clock().advance(19s);
  EXPECT_FALSE(k.keeper.proof()) << "its validity has ended";
  EXPECT_FALSE(k.keeper.status().held);
  EXPECT_EQ(k.keeper.last_valid_until(), valid_until);
  EXPECT_EQ(k.keeper.fence_at(), valid_until - compute_timing(k.settings).stop_margin);
}

TEST(LockKeeper, an_answer_after_seconds_still_renews_and_the_silence_is_told_meanwhile) {
  Keeper k;
  k.lead();
  k.parts.store.takes = 8s;
  k.clock().advance(12s);
  EXPECT_FALSE(k.keeper.unconfirmed());
  k.clock().advance(2s);
  EXPECT_TRUE(k.keeper.unconfirmed()) << "failsafe asks by now";
  const Instant sent = k.now() - 4s;
  k.clock().advance(5s);
  EXPECT_FALSE(k.keeper.unconfirmed());
  ASSERT_TRUE(k.keeper.proof());
  EXPECT_EQ(k.keeper.proof()->valid_until, sent + 30s);
  EXPECT_EQ(k.parts.store.count("renew"), 1);
}

TEST(LockKeeper, a_renewal_is_not_waited_for_when_the_primary_must_stop) {
  Keeper k;
  k.settings.retry_timeout = 25s;
  k.keeper.update_settings(k.settings);
  k.lead();
  k.parts.store.takes = 1h;
  k.clock().advance(k.keeper.fence_at() - k.now() + 1s);
  EXPECT_TRUE(k.keeper.unconfirmed() || !k.keeper.proof());
  EXPECT_GE(k.parts.store.count("renew"), 2) << "the first ended when it could not help any more";
}

TEST(LockKeeper, an_unknown_renewal_for_a_shorter_ttl_leaves_the_shorter_validity) {
  Keeper k;
  k.lead();
  k.settings.ttl = 20s;
  k.settings.loop_wait = 5s;
  k.settings.retry_timeout = 5s;
  k.keeper.update_settings(k.settings);
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  const auto confirmed = k.clock().start(k.keeper.confirm(1s, k.now() + 50ms));
  EXPECT_EQ(confirmed(), false);
  EXPECT_EQ(k.keeper.proof()->valid_until, k.now() + 20s);
}

TEST(LockKeeper, a_cancelled_renewal_for_a_shorter_ttl_leaves_the_shorter_validity) {
  Keeper k;
  k.lead();
  k.settings.ttl = 20s;
  k.settings.loop_wait = 5s;
  k.keeper.update_settings(k.settings);
  k.parts.store.takes = 1s;
  TaskScope::Id id = 0;
  k.clock().start(k.keeper.confirm(1s, k.now() + 3s), &id);
  k.clock().cancel(id);
  EXPECT_EQ(k.keeper.proof()->valid_until, k.now() + 20s);
}

TEST(LockKeeper, an_answer_that_comes_after_its_validity_feeds_no_watchdog) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [&](LockGeneration generation, auto, Instant) {
    k.clock().freeze(26s);
    return Proven::make_applied({generation, k.now() + 4s, 30s});
  };
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(10s, k.now() + 1s)));
  EXPECT_EQ(k.parts.watchdog.fed.size(), 1u) << "it would reset the host after the validity has ended";
  EXPECT_LE(k.keeper.fence_at(), k.now());
}

TEST(LockKeeper, a_proof_that_had_ended_when_it_came_is_none) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [&](LockGeneration generation, auto, Instant) {
    return Proven::make_applied({generation, k.now() - 1s, 30s});
  };
  k.clock().advance(10s);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_FALSE(k.keeper.status().held);
  EXPECT_LE(k.keeper.fence_at(), k.now());
}

TEST(LockKeeper, without_a_verdict_nothing_is_renewed) {
  Keeper k;
  k.lead();
  k.keeper.set_verdict(false, k.now() + 1h);
  k.clock().advance(29s);
  EXPECT_EQ(k.parts.store.count("renew"), 0);
  k.keeper.set_verdict(true, k.now() + 1h);
  k.clock().settle();
  EXPECT_EQ(k.parts.store.count("renew"), 1);
}

TEST(LockKeeper, a_verdict_expires_and_the_next_one_revives_the_renewals) {
  Keeper k;
  k.lead();
  k.keeper.set_verdict(true, k.now() + 15s);
  k.clock().advance(25s);
  EXPECT_EQ(k.parts.store.count("renew"), 1);
  k.keeper.set_verdict(true, k.now() + 15s);
  k.clock().settle();
  EXPECT_EQ(k.parts.store.count("renew"), 2) << "the same verdict, but the one before had expired";
}

TEST(LockKeeper, a_lock_of_another_is_lost_and_not_asked_for) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("n2", silence()); };
  k.clock().advance(10s);
  EXPECT_EQ(k.parts.store.count("acquire"), 0);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_TRUE(k.keeper.status().lost);
  EXPECT_TRUE(k.keeper.lost_early());
  EXPECT_EQ(k.keeper.fence_at(), k.now() + 300ms);
  ASSERT_TRUE(k.parts.local.adoption) << "its watchdog is armed, which the next run has to know";
  EXPECT_EQ(k.parts.local.adoption->valid_until, k.now());
  k.parts.watchdog.active = false;
  k.keeper.look_at_watchdog();
  k.clock().settle();
  EXPECT_FALSE(k.parts.local.adoption) << "there is nothing to take over";
  EXPECT_EQ(k.changes, 2);
  k.keeper.fenced();
  EXPECT_EQ(k.keeper.fence_at(), kLongAgo);
}

TEST(LockKeeper, a_lock_that_vanished_is_asked_for_once) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  k.parts.store.on_acquire = [](auto, Instant sent) {
    return Proven::make_applied({{"n1", 12, "c"}, sent + 30s, 30s});
  };
  k.clock().advance(10s);
  EXPECT_EQ(k.parts.store.count("acquire"), 1);
  ASSERT_TRUE(k.keeper.proof());
  EXPECT_EQ(k.keeper.proof()->generation.session, "c");
  EXPECT_FALSE(k.keeper.status().lost);
  EXPECT_GT(k.keeper.fence_at(), k.now() + 20s);
}

TEST(LockKeeper, a_vanished_lock_that_cannot_be_taken_again_stays_lost) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  k.parts.store.on_acquire = [](auto, auto) { return Proven::make_unknown(silence()); };
  const Instant lost_at = k.now() + 10s;
  k.clock().advance(12s);
  EXPECT_EQ(k.parts.store.count("acquire"), 1);
  EXPECT_TRUE(k.keeper.status().lost);
  EXPECT_TRUE(k.keeper.status().unknown);
  EXPECT_EQ(k.keeper.fence_at(), lost_at + 300ms);
}

TEST(LockKeeper, a_vanished_lock_that_nobody_wants_is_not_taken_again) {
  Keeper k;
  k.lead();
  k.keeper.set_verdict(false, k.now() + 1h);
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("", silence()); };
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(1s, k.now() + 3s)));
  EXPECT_EQ(k.parts.store.count("acquire"), 0);
  EXPECT_TRUE(k.keeper.status().lost);
}

TEST(LockKeeper, confirm_asks_until_the_store_answers_or_the_deadline) {
  Keeper k;
  k.lead();
  int silent = 3;
  k.parts.store.on_renew = [&](LockGeneration generation, auto, Instant sent) {
    if (silent-- > 0) return Proven::make_unknown(silence());
    return Proven::make_applied({generation, sent + 30s, 30s});
  };
  EXPECT_TRUE(k.clock().run(k.keeper.confirm(20s, k.now() + 3s)));
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(31s, k.now() + 1s))) << "no renewal lasts that long";
  silent = 1000;
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(1s, k.now() + 1s)));
}

TEST(LockKeeper, confirm_gives_up_on_a_refusal) {
  Keeper k;
  k.lead();
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_refused("n2", silence()); };
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(1s, k.now() + 3s)));
  EXPECT_EQ(k.parts.store.count("renew"), 1);
}

TEST(LockKeeper, confirm_does_not_stand_for_a_lock_that_had_vanished_on_the_way) {
  Keeper k;
  k.lead();
  bool first = true;
  k.parts.store.on_renew = [&](LockGeneration generation, auto, Instant sent) {
    if (std::exchange(first, false)) return Proven::make_refused("", silence());
    return Proven::make_applied({generation, sent + 30s, 30s});
  };
  EXPECT_FALSE(k.clock().run(k.keeper.confirm(1s, k.now() + 3s)));
  EXPECT_TRUE(k.keeper.proof()) << "it was taken again, under another generation";
}

TEST(LockKeeper, an_acquire_with_a_proof_in_hand_asks_what_the_proof_is_worth) {
  Keeper k;
  k.lead();
  EXPECT_EQ(k.acquire(), WriteKind::Applied);
  EXPECT_EQ(k.parts.store.calls, std::vector<std::string>{"renew a"});
  k.parts.store.on_renew = [](auto, auto, auto) { return Proven::make_unknown(silence()); };
  EXPECT_EQ(k.acquire(), WriteKind::Unknown);
  EXPECT_EQ(k.parts.store.count("acquire"), 0);
}

TEST(LockKeeper, a_proof_that_ended_does_not_stand_in_the_way_of_an_acquire) {
  Keeper k;
  k.lead();
  k.keeper.set_verdict(false, k.now());
  k.clock().advance(40s);
  k.parts.store.on_acquire = [](auto, Instant sent) {
    return Proven::make_applied({{"n1", 12, "c"}, sent + 30s, 30s});
  };
  EXPECT_EQ(k.acquire(), WriteKind::Applied);
  EXPECT_EQ(k.keeper.proof()->generation.session, "c");
}

TEST(LockKeeper, a_release_waits_for_the_renewal_under_way) {
  Keeper k;
  k.lead();
  k.parts.store.takes = 1s;
  k.clock().advance(10s);
  EXPECT_EQ(k.clock().run(k.keeper.release(StatusDocument{Lsn{1}, {}, {}}, k.now() + 3s)), WriteKind::Applied);
  EXPECT_EQ(k.parts.store.calls, (std::vector<std::string>{"renew a", "release a"}));
  EXPECT_EQ(k.parts.store.most_at_once, 1);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_EQ(k.keeper.fence_at(), kLongAgo);
  EXPECT_FALSE(k.parts.local.adoption);
  k.clock().advance(1min);
  EXPECT_EQ(k.parts.store.count("renew"), 1);
}

TEST(LockKeeper, a_release_without_an_answer_is_not_renewed_and_its_validity_still_counts) {
  Keeper k;
  k.lead();
  const Instant valid_until = k.keeper.proof()->valid_until;
  k.parts.store.takes = 1h;
  EXPECT_EQ(k.clock().run(k.keeper.release(std::nullopt, k.now() + 3s)), WriteKind::Unknown);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_TRUE(k.keeper.status().unknown);
  EXPECT_EQ(k.keeper.last_valid_until(), valid_until);
  k.clock().advance(1min);
  EXPECT_EQ(k.parts.store.count("renew"), 0);
}

TEST(LockKeeper, a_cancelled_release_is_as_unknown_as_one_without_an_answer) {
  Keeper k;
  k.lead();
  k.parts.store.takes = 1s;
  TaskScope::Id id = 0;
  k.clock().start(k.keeper.release(std::nullopt, k.now() + 3s), &id);
  k.clock().cancel(id);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_FALSE(k.keeper.status().held) << "it may be another's already";
  EXPECT_TRUE(k.keeper.status().unknown);
  EXPECT_EQ(k.acquire(), WriteKind::Applied);
  EXPECT_TRUE(k.keeper.proof());
}

TEST(LockKeeper, a_release_that_was_cancelled_before_it_was_sent_leaves_the_lock) {
  Keeper k;
  k.lead();
  k.parts.store.takes = 1s;
  k.clock().advance(10s);
  TaskScope::Id id = 0;
  k.clock().start(k.keeper.release(std::nullopt, k.now() + 3s), &id);
  EXPECT_FALSE(k.keeper.proof()) << "it is being given back";
  k.clock().cancel(id);
  k.clock().advance(20s);
  EXPECT_EQ(k.parts.store.count("release"), 0);
  EXPECT_TRUE(k.keeper.proof());
  EXPECT_GE(k.parts.store.count("renew"), 2);
}

TEST(LockKeeper, nothing_is_released_without_a_lock) {
  Keeper k;
  EXPECT_EQ(k.clock().run(k.keeper.release(std::nullopt, k.now() + 3s)), WriteKind::Refused);
  EXPECT_TRUE(k.parts.store.calls.empty());
}

TEST(LockKeeper, adoption_proves_the_recorded_generation) {
  Keeper k;
  const AdoptionRecord record{"boot", "store-1", {"n1", 3, "z"}, 30s, k.now() + 5s};
  EXPECT_TRUE(k.clock().run(k.keeper.adopt(record, k.now() + 10s)));
  EXPECT_EQ(k.keeper.proof()->generation.session, "z");
  k.parts.store.on_adopt = [](auto, auto) { return Proven::make_refused("n2", silence()); };
  Keeper other;
  other.parts.store.on_adopt = k.parts.store.on_adopt;
  EXPECT_FALSE(other.clock().run(other.keeper.adopt(record, other.now() + 10s)));
  EXPECT_FALSE(other.keeper.proof());
}

TEST(LockKeeper, an_assumed_validity_bounds_a_primary_and_proves_nothing) {
  Keeper k;
  k.keeper.assume_validity(k.now() + 20s);
  EXPECT_FALSE(k.keeper.proof());
  EXPECT_EQ(k.keeper.fence_at(), k.now() + 20s - compute_timing(k.settings).stop_margin);
}

TEST(LockKeeper, a_record_that_hangs_delays_no_renewal_and_the_latest_is_saved_last) {
  Keeper k;
  k.keeper.settle(test::healthy_view(), "n1");
  k.parts.local.save_takes = 25s;
  k.lead();
  k.clock().advance(20s);
  EXPECT_EQ(k.parts.store.count("renew"), 2);
  EXPECT_FALSE(k.parts.local.adoption);
  k.keeper.set_verdict(false, k.now());
  k.clock().advance(40s);
  EXPECT_EQ(k.parts.local.adoptions_saved, 2);
  ASSERT_TRUE(k.parts.local.adoption);
  EXPECT_EQ(k.parts.local.adoption->valid_until, k.keeper.last_valid_until());
  EXPECT_EQ(k.parts.local.adoption->boot_id, "boot");
  EXPECT_EQ(k.parts.local.adoption->store_id, "store-1");
}

}  // namespace
}  // namespace tamada
