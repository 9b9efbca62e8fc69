#include "core/next_look.h"

#include <algorithm>

#include "core/derive_facts.h"
#include "core/election.h"
#include "core/health_judgement.h"
#include "core/manual_request.h"

namespace tamada {

namespace {

class Nearest {
 public:
  explicit Nearest(Instant now) : now_(now) {}
  void at(Instant when) {
    if (when > now_) found_ = std::min(found_, when);
  }
  void at(const std::optional<Instant>& since, Duration after) {
    if (since) at(*since + after);
  }
  Instant found() const { return found_; }

 private:
  Instant now_;
  Instant found_ = kNever;
};

}  // namespace

Instant next_look(const Facts& f, const Observation& o, const Memory& m, Instant now, WallTime wall,
                  const Settings& settings) {
  const DynamicSettings& dynamic = settings.dynamic;
  const Timing timing = compute_timing(dynamic);
  Nearest next(now);
  next.at(m.no_race.until);
  if (o.promise.until != kLongAgo) next.at(o.promise.until);
  next.at(m.no_restart.until);
  next.at(judge_health(o.health, settings.postgresql.health, now).look_again);
  next.at(m.lost_race_at, 1s);
  next.at(m.lock_idle_since, dynamic.ttl);
  next.at(m.lock_lost_at, kEarlyLossWindow);
  if (f.is(fact::Follow::TooSoon)) {
    next.at(m.followed_at, kFollowPause);
    next.at(m.unlocked_since, dynamic.loop_wait);
  }
  next.at(m.inconclusive_at, dynamic.loop_wait);
  if (o.lock.valid_until != kLongAgo && !f.is(fact::Writable::No)) next.at(o.lock.valid_until - timing.stop_margin);
  const bool serves = f.is(fact::Postgres::Primary) || f.is(fact::Postgres::Standby);
  if (f.is(fact::Lock::Held) && !serves) {
    next.at(start_budget_since(m), Duration(m.start_timeout.value_or(dynamic.primary_start_timeout)));
  }
  if (f.is(fact::Leader::Nobody)) {
    next.at(m.lock_vanished_at, kOldLeaderDelay);
    if (m.former_leader_valid_until) next.at(*m.former_leader_valid_until);
    // Answers of peers expire and are asked for anew while nobody leads.
    if (!f.is(fact::Peers::Unknown)) next.at(now + kAnswersExpire);
  }
  if (o.view && o.view->failover) {
    if (const auto until = time_until_due(*o.view->failover, wall)) next.at(now + *until);
  }
  if (o.scheduled_restart) next.at(now + (o.scheduled_restart->at - wall));
  return next.found();
}

}  // namespace tamada
