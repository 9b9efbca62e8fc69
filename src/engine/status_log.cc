#include "engine/status_log.h"

namespace tamada {

namespace {
constexpr Duration kEarly = 50ms;  // a turn of the loop that comes a little early counts as the next loop_wait's
constexpr std::size_t kMostTold = 16;
}  // namespace

void StatusLog::tell(const std::string& status, const std::string& rule, std::optional<Instant> failed_at, Instant now,
                     Duration loop_wait) {
  const bool failing = failed_at && now < *failed_at + loop_wait;
  if (!failing || told_.size() >= kMostTold) told_ = {last_};
  const bool is_news = failing ? !told_.contains(status) : status != last_;
  last_ = status;
  if (!is_news && now < told_at_ + loop_wait - kEarly) return;
  told_.insert(status);
  told_at_ = now;
  log_.info("{} [{}]", status, rule);
}

}  // namespace tamada
