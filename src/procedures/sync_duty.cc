#include "procedures/sync_duty.h"

#include "core/sync_resolver.h"

namespace tamada {

namespace {

constexpr Duration kPoll = 50ms;

bool on_duty(ProcedureContext& context) {
  const auto view = context.view();
  return view && view->leader && view->leader->name() != context.my_name && view->sync.lists(context.my_name) &&
         view->sync.leader == view->leader->name();
}

}  // namespace

Task<void> leave_sync_duty(ProcedureContext& context) {
  const auto settings = context.settings();
  if (!synchronous_mode_on(*settings) || settings->tags.nosync() || context.lock.proof() || !on_duty(context))
    co_return;
  context.log.info("Releasing synchronous duty before postgres is stopped");
  context.refuse_sync_duty(true);
  co_await context.publish();
  const Instant until = context.clock.now() + 2 * Duration(settings->dynamic.loop_wait);
  while (on_duty(context) && context.clock.now() < until) co_await context.clock.sleep_for(kPoll);
  if (on_duty(context)) context.log.warning("the leader did not release this member from synchronous duty in time");
}

void return_to_sync_duty(ProcedureContext& context) {
  context.refuse_sync_duty(false);
}

}  // namespace tamada
