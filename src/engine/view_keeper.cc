#include "engine/view_keeper.h"

#include <algorithm>

#include "ports/deadline.h"

namespace tamada {

namespace {
constexpr Duration kLoadTry = 2s;
constexpr Duration kRetryGap = 500ms;

bool same_member(const Member& a, const Member& b) {
  return a.name == b.name && a.state == b.state && a.role == b.role && a.api_url == b.api_url &&
         a.conn_url == b.conn_url && a.timeline == b.timeline && a.tags.raw == b.tags.raw &&
         a.checkpoint_pending == b.checkpoint_pending && a.version == b.version && a.failsafe_over == b.failsafe_over;
}
}  // namespace

bool decision_relevant(const ClusterView& before, const ClusterView& after) {
  const auto generation = [](const ClusterView& v) {
    return v.leader ? std::optional<LockGeneration>(v.leader->generation) : std::nullopt;
  };
  if (before.store_id != after.store_id || after.revision < before.revision) return true;
  if (generation(before) != generation(after)) return true;
  if (before.failover_revision != after.failover_revision || before.config_revision != after.config_revision)
    return true;
  if (before.sync.revision != after.sync.revision) return true;
  if (before.initialize.has_value() != after.initialize.has_value()) return true;
  if (before.initialize && before.initialize->value != after.initialize->value) return true;
  if (before.members.size() != after.members.size()) return true;
  return !std::equal(before.members.begin(), before.members.end(), after.members.begin(), same_member);
}

ViewKeeper::ViewKeeper(Executor executor, Clock& clock, Store& store, Logger log, std::function<void()> on_change)
    : clock_(clock),
      store_(store),
      log_(std::move(log)),
      on_change_(std::move(on_change)),
      tasks_(executor),
      wake_(executor) {}

void ViewKeeper::start() {
  store_.watch(*this);
  tasks_.spawn(refresh());
}

Task<void> ViewKeeper::stop() {
  co_await tasks_.stop();
}

StoreReach ViewKeeper::reach() const {
  const Instant now = clock_.now();
  if (!doubted_ && (watch_fed_ || now < fresh_until_)) return StoreReach::Fresh;
  if (failing_since_ && now - *failing_since_ >= settings_.retry_timeout) return StoreReach::Unreachable;
  return StoreReach::Doubtful;
}

Instant ViewKeeper::next_change() const {
  if (!doubted_ && watch_fed_) return kNever;
  const Instant now = clock_.now();
  if (!doubted_ && now < fresh_until_) return fresh_until_;
  if (!failing_since_) return kNever;
  const Instant given_up = *failing_since_ + settings_.retry_timeout;
  return now < given_up ? given_up : kNever;
}

void ViewKeeper::adopt(ClusterView view, bool settles_doubt) {
  const bool same_sign = view_ && view_->leader.has_value() == view.leader.has_value() &&
                         (!view.leader || view_->leader->revision == view.leader->revision) &&
                         view_->status_revision == view.status_revision;
  if (!same_sign) leader_sign_at_ = clock_.now();
  const bool relevant = !view_ || decision_relevant(*view_, view);
  const StoreReach before = reach();
  view_ = std::make_shared<const ClusterView>(std::move(view));
  last_seen_ = clock_.wall_now();
  last_seen_at_ = clock_.now();
  if (settles_doubt) doubted_ = false;
  failing_since_.reset();
  if (failures_ > 0) log_.info("store answers again after {} failed requests", failures_);
  failures_ = 0;
  if (relevant || before != reach()) on_change_();
}

void ViewKeeper::on_view(ClusterView view) {
  watch_fed_ = true;
  // The watch lags behind what was loaded, or the store went back: a load tells.
  if (view_ && view_->store_id == view.store_id && view.revision < view_->revision) {
    raise_doubt("the watch delivered an older view", false);
    return;
  }
  adopt(std::move(view), doubted_for_watch_);
}

void ViewKeeper::on_watch_lost(const Error& why) {
  log_.info("watch on the store was lost: {}", why.text());
  watch_fed_ = false;
  raise_doubt("watch lost", true);
}

void ViewKeeper::doubt(const std::string& why) {
  raise_doubt(why, false);
}

void ViewKeeper::raise_doubt(const std::string& why, bool of_watch) {
  log_.debug("view is doubted: {}", why);
  ++doubts_;
  doubted_for_watch_ = of_watch && (!doubted_ || doubted_for_watch_);
  if (doubted_) return;
  doubted_ = true;
  wake_.set();
  on_change_();
}

Task<Result<void>> ViewKeeper::load(Instant deadline) {
  const Instant asked = clock_.now();
  const std::uint64_t doubts = doubts_;
  Result<ClusterView> loaded = co_await store_.load(deadline);
  if (!loaded) {
    if (!failing_since_) failing_since_ = asked;
    // Before the first view the caller tells why the daemon waits.
    if (++failures_ == 1 && view_) log_.warning("store could not be read: {}", loaded.error().text());
    co_return loaded.error();
  }
  // Fresh is the answer to a request sent after the doubt arose (safety.md 4.1).
  const bool settles = doubts == doubts_;
  if (settles) fresh_until_ = asked + settings_.loop_wait;
  // The watch may have delivered something newer meanwhile, unless the store itself went back.
  const bool older = view_ && view_->store_id == loaded->store_id && loaded->revision < view_->revision &&
                     last_seen_at_ > asked && watch_fed_;
  if (older) *loaded = *view_;
  adopt(std::move(*loaded), settles);
  co_return Result<void>();
}

// Reads again while the view is doubted, and once in a while as long as there is no watch.
Task<void> ViewKeeper::refresh() {
  for (;;) {
    wake_.reset();
    const Instant now = clock_.now();
    const bool due = doubted_ || (!watch_fed_ && now >= fresh_until_ - Duration(settings_.loop_wait) / 2);
    if (!due) {
      const Instant next = watch_fed_ ? now + settings_.loop_wait : fresh_until_ - Duration(settings_.loop_wait) / 2;
      co_await with_deadline(clock_, next, wake_.wait());
      continue;
    }
    const StoreReach before = reach();
    Result<void> loaded = co_await load(now + std::min<Duration>(kLoadTry, settings_.retry_timeout));
    if (reach() != before) on_change_();
    if (!loaded) co_await clock_.sleep_for(kRetryGap);
  }
}

}  // namespace tamada
