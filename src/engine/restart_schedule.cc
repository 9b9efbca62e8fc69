#include "engine/restart_schedule.h"

#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "engine/request_task.h"

namespace tamada {

// Held while the record is being changed.
class RestartSchedule::Turn {
 public:
  explicit Turn(RestartSchedule& schedule) : schedule_(schedule) { schedule_.saving_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    schedule_.saving_ = false;
    schedule_.free_.resume_all();
  }

 private:
  RestartSchedule& schedule_;
};

RestartSchedule::RestartSchedule(Executor executor, EngineState& state, std::function<void()> on_change)
    : state_(state), on_change_(std::move(on_change)), free_(executor), tasks_(executor) {}

Task<void> RestartSchedule::load() {
  auto record = co_await state_.ports.local.load_scheduled_restart();
  if (!record) {
    state_.log.warning("the record of a scheduled restart could not be read: {}", record.error().text());
    co_return;
  }
  wanted_ = std::move(*record);
  if (wanted_) {
    state_.log.info("a restart is scheduled for {}, as the run before this one was told",
                    format_iso8601(wanted_->at, wanted_->offset_minutes));
  }
}

void RestartSchedule::schedule(ScheduleRestart request, Done done) {
  spawn_request(tasks_, do_schedule(std::move(request.restart)), std::move(done));
}

void RestartSchedule::cancel(Done done) {
  spawn_request(tasks_, do_cancel(), std::move(done));
}

Task<void> RestartSchedule::my_turn() {
  while (saving_) co_await free_.wait();
}

void RestartSchedule::set(std::optional<ScheduledRestart> restart) {
  wanted_ = std::move(restart);
  on_change_();
}

Task<OperatorReply> RestartSchedule::do_schedule(ScheduledRestart restart) {
  co_await my_turn();
  if (wanted_ || running_) co_return OperatorReply{409, "Another restart is already scheduled"};
  const auto& row = state_.postgres.row;
  if (!row || row->postmaster_start_time.empty()) {
    co_return OperatorReply{503, "PostgreSQL does not answer, so that it is not known which server is to be restarted"};
  }
  restart.postmaster_start_time = row->postmaster_start_time;
  Turn turn(*this);
  Result<void> saved = co_await state_.ports.local.save_scheduled_restart(restart);
  if (!saved) {
    // It may be on record all the same.
    Result<void> undone = co_await state_.ports.local.save_scheduled_restart(std::nullopt);
    if (!undone) state_.log.warning("a scheduled restart that was refused may be on record: {}", undone.error().text());
    co_return OperatorReply{503, "the schedule could not be put on record: " + saved.error().text()};
  }
  state_.log.info("a restart is scheduled for {}", format_iso8601(restart.at, restart.offset_minutes));
  set(std::move(restart));
  co_return OperatorReply{202, "Restart scheduled"};
}

Task<OperatorReply> RestartSchedule::do_cancel() {
  co_await my_turn();
  if (!wanted_) co_return OperatorReply{404, "no restarts are scheduled"};
  Turn turn(*this);
  // Not to begin while its record goes.
  std::optional<ScheduledRestart> cancelled = std::exchange(wanted_, std::nullopt);
  Result<void> saved = co_await state_.ports.local.save_scheduled_restart(std::nullopt);
  if (!saved) {
    set(std::move(cancelled));
    co_return OperatorReply{503, "the schedule could not be taken off the record: " + saved.error().text()};
  }
  state_.log.info("the restart scheduled for {} is deleted", format_iso8601(cancelled->at, cancelled->offset_minutes));
  on_change_();
  co_return OperatorReply{200, "scheduled restart deleted"};
}

void RestartSchedule::forget(std::string_view why) {
  if (!wanted_) return;
  state_.log.warning("the restart scheduled for {} does not take place: {}",
                     format_iso8601(wanted_->at, wanted_->offset_minutes), why);
  set(std::nullopt);
  tasks_.spawn(clear_record());
}

RestartRequest RestartSchedule::begin() {
  running_ = true;
  RestartRequest request = wanted_->request;
  set(std::nullopt);
  return request;
}

void RestartSchedule::ended(const OperatorReply& reply) {
  running_ = false;
  if (reply.ok()) {
    state_.log.info("scheduled restart: {}", reply.text);
  } else {
    state_.log.error("scheduled restart: {}", reply.text);
  }
  tasks_.spawn(clear_record());
}

Task<void> RestartSchedule::clear_record() {
  co_await my_turn();
  if (wanted_ || running_) co_return;
  Turn turn(*this);
  Result<void> saved = co_await state_.ports.local.save_scheduled_restart(std::nullopt);
  // The next start finds it, and that its server is gone or its time is over.
  if (!saved) state_.log.warning("the record of a scheduled restart could not be removed: {}", saved.error().text());
}

}  // namespace tamada
