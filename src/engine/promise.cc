#include "engine/promise.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/timing.h"
#include "engine/request_task.h"
#include "ports/deadline.h"

namespace tamada {

PromiseKeeper::PromiseKeeper(Executor executor, EngineState& state, const LockKeeper& lock,
                             const ProcedureRunner& runner, const ViewKeeper& views, std::function<void()> on_change)
    : state_(state),
      lock_(lock),
      runner_(runner),
      views_(views),
      on_change_(std::move(on_change)),
      tasks_(executor),
      wake_(executor),
      saved_(executor) {
  update_settings(state.settings->dynamic);
}

void PromiseKeeper::update_settings(const DynamicSettings& settings) {
  largest_ttl_ = std::max(largest_ttl_, settings.ttl);
  // The ttl that was in force when a forgotten promise was given is known only from the store.
  if (forgotten_until_ == kLongAgo || state_.ports.clock.now() >= forgotten_until_) return;
  forgotten_until_ = std::max(forgotten_until_, began_ + promise_length(largest_ttl_));
  wake_.set();
}

Task<void> PromiseKeeper::load() {
  Result<std::optional<PromiseRecord>> loaded = co_await state_.ports.local.load_promise();
  const std::string boot = state_.ports.local.boot_id();
  began_ = state_.ports.clock.now();
  loaded_ = true;
  if (!loaded) state_.log.warning("failsafe promise of the run before could not be read: {}", loaded.error().text());
  if (!loaded || !*loaded) {
    forgotten_until_ = began_ + promise_length(largest_ttl_);
  } else if ((*loaded)->until != kLongAgo) {
    record_ = std::move(**loaded);
    // Nobody knows how long the machine was down.
    if (record_.boot_id != boot) record_.until = began_ + record_.length;
    record_.until = std::min(record_.until, began_ + record_.length);
  }
  record_.boot_id = boot;
  if (record_.to.name.empty()) forgotten_until_ = std::max(forgotten_until_, record_.until);
  if (began_ >= ends()) co_return;
  on_record_ = true;
  if (began_ >= record_.until) record_ = {boot, {}, forgotten_until_ - began_, forgotten_until_};
  if (!record_.to.name.empty()) {
    state_.log.info("this member has promised {} not to race for another {:.1f} s", record_.to.name,
                    to_seconds(record_.until - began_));
  }
  Result<void> saved = co_await save();
  if (!saved) state_.log.warning("failsafe promise was not stored again: {}", saved.error().text());
}

PromiseStatus PromiseKeeper::status() const {
  using enum PromiseStatus::Kind;
  if (!loaded_) return {};
  const Instant now = state_.ports.clock.now();
  if (now < record_.until && !record_.to.name.empty()) return {Given, record_.to.name, record_.until};
  if (now < ends()) return {Forgotten, "", ends()};
  return {None, "", kLongAgo};
}

bool PromiseKeeper::forbids_taking(bool bootstrap) const {
  switch (status().kind) {
    case PromiseStatus::Kind::None:
      return false;
    case PromiseStatus::Kind::Forgotten:
      return state_.settings->dynamic.failsafe_mode && !bootstrap && !state_.postgres.is_primary();
    case PromiseStatus::Kind::Given:
    case PromiseStatus::Kind::Unknown:
      break;
  }
  return true;
}

void PromiseKeeper::answer(FailsafeQuestion question, Done done) {
  spawn_request(tasks_, promise(std::move(question)), std::move(done));
}

// Writable, about to be, or with a lock that may be ours; also when nobody can tell.
bool PromiseKeeper::may_lead() const {
  const RunningProcedure& procedure = runner_.current();
  const PostgresStatus& pg = state_.postgres;
  const bool told = pg.is_standby() || pg.recovery_configured || pg.process == ProcessState::NotRunning;
  const bool becomes = procedure.kind == ProcedureKind::Promote || procedure.kind == ProcedureKind::Bootstrap;
  return lock_.status().held || lock_.taking() || becomes || !told || may_be_writable(state_, procedure);
}

// The asker has published that the outage which this question belongs to has ended.
bool PromiseKeeper::over(const FailsafeQuestion& question) const {
  const auto view = views_.view();
  const Member* asker = view ? view->member(question.name) : nullptr;
  return asker != nullptr && !question.episode.empty() && asker->failsafe_over == question.episode;
}

std::optional<std::string> PromiseKeeper::refusal(const FailsafeQuestion& question) const {
  if (!loaded_) return "this daemon is starting";
  if (may_lead()) return "Running as a leader";
  if (question.name == state_.settings->name) return "the question carries the name of this member";
  if (over(question)) return "the store answers the asker again";
  const auto view = views_.view();
  const std::string leader = view && view->leader ? view->leader->name() : "";
  if (!leader.empty() && leader != question.name && views_.reach() == StoreReach::Fresh) return leader + " leads";
  const PromiseStatus given = status();
  if (given.kind == PromiseStatus::Kind::Given && given.to != question.name && leader != question.name) {
    return "promised to " + given.to;
  }
  return std::nullopt;
}

Task<OperatorReply> PromiseKeeper::promise(FailsafeQuestion question) {
  if (!state_.settings->dynamic.failsafe_mode) co_return OperatorReply{502, "failsafe_mode is off"};
  const auto refused = [&](const std::string& why) {
    state_.log.info("{} is not let go on without the store: {}", question.name, why);
    return OperatorReply{500, why};
  };
  if (auto why = refusal(question)) co_return refused(*why);
  const Instant now = state_.ports.clock.now();
  const Duration length = promise_length(std::max(largest_ttl_, question.ttl));
  if (status().kind != PromiseStatus::Kind::Given) {
    state_.log.info("{} goes on without the store, with the consent of this member", question.name);
  }
  record_ = {state_.ports.local.boot_id(), question, length, std::max(record_.until, now + length)};
  on_record_ = true;
  wake_.set();
  on_change_();
  Result<void> saved = co_await save();
  if (!saved) co_return refused("the promise could not be stored: " + saved.error().text());
  // Something may have happened while the disk worked.
  if (auto why = refusal(question)) co_return refused(*why);
  if (record_.to.name != question.name || record_.until < now + length) co_return refused("the promise is over");
  state_.failsafe_slots = {question.slots, record_.until};
  co_return OperatorReply{200, "Accepted"};
}

void PromiseKeeper::look() {
  if (status().kind != PromiseStatus::Kind::Given || !over(record_.to)) return;
  state_.log.info("{} needs the promise of this member no more", record_.to.name);
  record_.until = kLongAgo;
  wake_.set();
  on_change_();
}

// One at a time, and always what holds now: an older text never replaces a newer one.
Task<Result<void>> PromiseKeeper::save() {
  while (saving_) co_await saved_.wait();
  struct Saving {
    explicit Saving(PromiseKeeper& k) : keeper(k) { keeper.saving_ = true; }
    Saving(const Saving&) = delete;
    Saving& operator=(const Saving&) = delete;
    ~Saving() {
      keeper.saving_ = false;
      keeper.saved_.resume_all();
    }
    PromiseKeeper& keeper;
  } saving(*this);
  co_return co_await state_.ports.local.save_promise(record_);
}

// A promise that is over is put on record as such: after a reboot nobody could tell.
Task<void> PromiseKeeper::expire() {
  Clock& clock = state_.ports.clock;
  for (;;) {
    wake_.reset();
    if (clock.now() < ends()) {
      co_await with_deadline(clock, ends(), wake_.wait());
      continue;
    }
    if (on_record_) {
      on_record_ = false;
      record_.until = kLongAgo;
      Result<void> saved = co_await save();
      if (!saved) state_.log.warning("the end of a failsafe promise was not stored: {}", saved.error().text());
      on_change_();
      continue;
    }
    co_await wake_.wait();
  }
}

}  // namespace tamada
