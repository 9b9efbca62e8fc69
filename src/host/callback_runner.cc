#include "host/callback_runner.h"

#include "base/text.h"
#include "model/compatibility.h"
#include "ports/deadline.h"

namespace tamada {

std::string_view callback_word(Callbacks::Event event) {
  switch (event) {
    case Callbacks::Event::OnStart:
      return "on_start";
    case Callbacks::Event::OnStop:
      return "on_stop";
    case Callbacks::Event::OnRestart:
      return "on_restart";
    case Callbacks::Event::OnReload:
      return "on_reload";
    case Callbacks::Event::OnRoleChange:
      return "on_role_change";
  }
  return "";
}

CallbackRunner::CallbackRunner(Executor executor, Clock& clock, const Settings& settings, Logger log)
    : clock_(clock), settings_(settings), log_(std::move(log)), idle_(executor), scope_(executor) {}

CallbackRunner::~CallbackRunner() = default;

void CallbackRunner::call(Event event, Role role) {
  const auto& commands = settings_.postgresql.callbacks;
  auto it = commands.find(std::string(callback_word(event)));
  if (it == commands.end() || it->second.empty()) return;
  auto words = split_command(it->second);
  if (!words || words->empty()) {
    log_.error("callback {} cannot be run: {}", it->first, words ? "the command is empty" : words.error().text());
    return;
  }
  ChildSpec spec;
  spec.argv = std::move(*words);
  const Role shown = role == Role::Promoted ? Role::Primary : role;
  spec.argv.insert(spec.argv.end(),
                   {it->first, std::string(role_word(shown, settings_.compatibility)), settings_.scope});
  spec.out = spec.err = ChildOutput::Inherit;
  Lane& lane = lanes_[event == Event::OnReload ? 1 : 0];
  lane.next = std::move(spec);
  if (lane.running)
    scope_.cancel(*lane.running);
  else
    start_next(lane);
}

void CallbackRunner::start_next(Lane& lane) {
  lane.running.reset();
  if (!lane.next) {
    idle_.resume_all();
    return;
  }
  ChildSpec spec = std::move(*lane.next);
  lane.next.reset();
  lane.running = scope_.spawn(run(std::move(spec)), [this, &lane](std::exception_ptr error) {
    if (error && !is_cancellation(error)) std::rethrow_exception(error);
    start_next(lane);
  });
}

Task<void> CallbackRunner::run(ChildSpec spec) {
  log_.debug("CallbackExecutor: running {}", join(spec.argv, " "));
  const std::string shown = join(spec.argv, " ");
  auto exit = co_await run_child(clock_, std::move(spec), kNever);
  if (!exit)
    log_.error("callback {} could not be run: {}", shown, exit.error().text());
  else if (!exit->ok())
    log_.warning("callback {} ended with {}", shown, exit->how());
}

Task<void> CallbackRunner::finish(Instant deadline) {
  auto idle = [this]() -> Task<void> {
    while (lanes_[0].running || lanes_[1].running) co_await idle_.wait();
  };
  if (co_await with_deadline(clock_, deadline, idle())) co_return;
  for (Lane& lane : lanes_) lane.next.reset();
  log_.warning("a callback script did not end in time and is killed");
  co_await scope_.stop();
}

}  // namespace tamada
