#include "api/api_context.h"

#include "api/status_document.h"

namespace tamada {

namespace {
// Load balancers ask every 1 to 3 s: what they see is at most one round old.
constexpr Duration kRowFreshFor = 1s;
}  // namespace

const std::string& ApiContext::status_text(const SnapshotPtr& snapshot) {
  if (shown_ != snapshot) {
    shown_text_ = to_json(status_document(*snapshot), JsonStyle::Spaced);
    shown_ = snapshot;
  }
  return shown_text_;
}

void ApiContext::freshen(const Snapshot& snapshot) {
  const Instant now = engine.now();
  if (!snapshot.postgres.running() || now < snapshot.postgres.observed_at + kRowFreshFor) return;
  // Also the limit while PostgreSQL hangs: one question a second, whoever asks.
  if (asked_at_ != kLongAgo && now < asked_at_ + kRowFreshFor) return;
  asked_at_ = now;
  engine.tell(StatusRequest{});
}

}  // namespace tamada
