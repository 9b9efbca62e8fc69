#include "engine/member_publisher.h"

#include "ports/deadline.h"

namespace tamada {

namespace {
constexpr Duration kTouchTry = 3s;
constexpr Duration kRetryGap = 1s;
constexpr Duration kLeastGap = 50ms;

bool urgent(const Member& before, const Member& now) {
  return before.state != now.state || before.role != now.role || before.timeline != now.timeline ||
         before.tags.published() != now.tags.published() || before.pending_restart != now.pending_restart ||
         before.pause != now.pause || before.api_url != now.api_url || before.conn_url != now.conn_url ||
         before.proxy_url != now.proxy_url || before.checkpoint_pending != now.checkpoint_pending ||
         before.scheduled_restart != now.scheduled_restart || before.timeline_origin != now.timeline_origin ||
         before.failsafe_over != now.failsafe_over;
}
}  // namespace

MemberPublisher::MemberPublisher(Executor executor, EngineState& state, std::function<Member()> make)
    : state_(state), make_(std::move(make)), tasks_(executor), wake_(executor), free_(executor) {}

void MemberPublisher::look() {
  if (urgent(published_, make_())) wake_.set();
}

void MemberPublisher::missing() {
  // Our own first word, or the previous one on its way, is not "missing".
  if (in_flight_ || state_.ports.clock.now() < published_at_ + kRetryGap) return;
  published_text_.clear();
  wake_.set();
}

Task<void> MemberPublisher::keep() {
  Clock& clock = state_.ports.clock;
  for (;;) {
    const Instant next = failed_ ? clock.now() + kRetryGap : published_at_ + state_.settings->dynamic.loop_wait;
    if (published_at_ != kLongAgo || failed_) co_await with_deadline(clock, next, wake_.wait());
    wake_.reset();
    co_await touch(clock.now() + kTouchTry);
    co_await clock.sleep_for(kLeastGap);
  }
}

Task<void> MemberPublisher::publish(Duration patience) {
  co_await touch(state_.ports.clock.now() + patience);
}

void MemberPublisher::landed() {
  in_flight_ = false;
  free_.resume_all();
}

// One at a time: of two writes on their way the older one might arrive last.
Task<void> MemberPublisher::touch(Instant deadline) {
  Clock& clock = state_.ports.clock;
  while (in_flight_) {
    if (!co_await with_deadline(clock, deadline, free_.wait())) co_return;
  }
  Member member = make_();
  const std::string text = format_member(member, state_.settings->compatibility);
  const bool same = text == published_text_;
  // Until the answer nobody knows what stands there; a cancelled write leaves it at that.
  published_text_.clear();
  in_flight_ = true;
  Written<std::int64_t> written;
  try {
    written = co_await state_.ports.store.touch_member(text, state_.settings->dynamic.ttl, same, deadline);
  } catch (...) {
    landed();
    throw;
  }
  landed();
  published_at_ = clock.now();
  if (!written.applied()) {
    if (!failed_) state_.log.warning("own member key was not written: {}", written.error.text());
    failed_ = true;
    co_return;
  }
  failed_ = false;
  state_.store_answered = clock.wall_now();
  published_ = std::move(member);
  published_text_ = text;
}

}  // namespace tamada
