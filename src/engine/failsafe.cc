#include "engine/failsafe.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/failsafe_map.h"
#include "core/timing.h"
#include "ports/deadline.h"

namespace tamada {

namespace {

constexpr Duration kAnswerPatience = 2s;  // ha_behaviour.md 1.10
constexpr Duration kAgainAfter = 1s;

bool same_names(const std::vector<Member>& a, const std::vector<Member>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Member& x, const Member& y) { return x.name == y.name; });
}

}  // namespace

Failsafe::Failsafe(Executor executor, EngineState& state, LockKeeper& lock, const ProcedureRunner& runner,
                   const ViewKeeper& views, Slots slots, std::function<void()> on_over)
    : state_(state),
      lock_(lock),
      runner_(runner),
      views_(views),
      slots_(std::move(slots)),
      on_over_(std::move(on_over)),
      tasks_(executor),
      wake_(executor) {}

// With a proof of the store, or nothing that a promise could still cover, the members are free.
bool Failsafe::ended(const Episode& episode) const {
  if (episode.confirmations != lock_.confirmations()) return true;
  return !lock_.proof() && !may_be_writable(state_, runner_.current());
}

void Failsafe::look() {
  if (episode_ && ended(*episode_)) {
    lock_.consent_over();
    over_ = std::exchange(episode_, std::nullopt)->id;
    told_.clear();
    on_over_();
  }
  if (needed()) wake_.set();
}

std::optional<std::vector<Member>> Failsafe::others() const {
  const auto proof = lock_.proof();
  const auto view = views_.view();
  if (!proof || !view) return std::nullopt;
  const std::string& me = state_.settings->name;
  const auto everybody = state_.failsafe_maps.everybody(proof->generation, *view, me);
  if (!everybody) return std::nullopt;
  return members_of(*everybody, me);
}

bool Failsafe::needed() const {
  const DynamicSettings& dynamic = state_.settings->dynamic;
  if (!dynamic.failsafe_mode || dynamic.pause || dynamic.standby_cluster) return false;
  return state_.postgres.is_primary() && lock_.unconfirmed() && state_.ports.clock.now() < lock_.fence_at();
}

Task<void> Failsafe::keep() {
  Clock& clock = state_.ports.clock;
  for (;;) {
    wake_.reset();
    if (!needed()) {
      co_await wake_.wait();
      continue;
    }
    const bool complete = co_await round();
    const Duration pause = complete ? compute_timing(state_.settings->dynamic).renew_interval : kAgainAfter;
    co_await clock.sleep_for(pause);
  }
}

void Failsafe::tell(const std::string& problem) {
  if (problem == told_) return;
  told_ = problem;
  state_.log.warning("no failsafe without the store: {}", problem);
}

Task<std::vector<ConsentAnswer>> Failsafe::ask(std::vector<Member> members, Instant deadline) {
  const Settings& settings = *state_.settings;
  FailsafeQuestion question{settings.name, settings.conn_url(), settings.api_url(), episode_->id, settings.dynamic.ttl};
  question.slots = slots_().value_or(SlotPositions{});
  co_return co_await state_.ports.peers.ask_consent(std::move(question), std::move(members), deadline);
}

Task<bool> Failsafe::round() {
  Clock& clock = state_.ports.clock;
  const auto members = others();
  if (!members) {
    tell("this process has not confirmed the /failsafe map under its lock, or the map does not name this member");
    co_return false;
  }
  const Instant asked_at = clock.now();
  if (!episode_) {
    const auto wall = std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall_now().time_since_epoch());
    episode_ = Episode{fmt::format("{}-{}-{}", lock_.proof()->generation.create_revision, ++episodes_, wall.count()),
                       lock_.confirmations()};
  }
  const Episode episode = *episode_;
  std::vector<Member> open = *members;
  std::string problem;
  // One repetition for those who did not answer; who refused is not asked again.
  for (int attempt = 0; attempt < 2 && !open.empty() && problem.empty(); ++attempt) {
    const Instant deadline = std::min(clock.now() + kAnswerPatience, lock_.fence_at());
    const std::vector<ConsentAnswer> answers = co_await ask(std::exchange(open, {}), deadline);
    if (!episode_ || episode_->id != episode.id) co_return false;
    for (const ConsentAnswer& answer : answers) {
      if (answer.kind == ConsentAnswer::Kind::Accepted) continue;
      const std::string text =
          fmt::format("member {} ({}) does not consent: {}", answer.member, answer.url, answer.problem);
      if (answer.kind == ConsentAnswer::Kind::Refused || attempt == 1) problem = text;
      const auto member =
          std::find_if(members->begin(), members->end(), [&](const Member& m) { return m.name == answer.member; });
      if (member != members->end()) open.push_back(*member);
    }
  }
  if (!problem.empty()) {
    tell(problem);
    co_return false;
  }
  // A map that was sent meanwhile may name somebody who has promised nothing.
  const auto members_now = others();
  if (!members_now || !same_names(*members, *members_now)) co_return false;
  const bool first = !lock_.status().consented;
  if (!lock_.consented(asked_at, episode.confirmations)) co_return false;
  told_.clear();
  if (first) state_.log.warning("going on without the store: all {} other members consent", members->size());
  co_return true;
}

}  // namespace tamada
