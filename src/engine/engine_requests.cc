// What operators and signals ask of the engine.
#include <boost/asio/post.hpp>

#include "base/text.h"
#include "core/slots_plan.h"
#include "engine/engine_impl.h"
#include "model/settings_change.h"
#include "model/settings_reload.h"

namespace tamada {

namespace {
constexpr Duration kApplyPatience = 10s;
constexpr Duration kPreviewPatience = 5s;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
}  // namespace

void Engine::Impl::submit(OperatorRequest request, Done done) {
  boost::asio::post(executor_, [this, request = std::move(request), done = std::move(done)]() mutable {
    if (!done) done = [](OperatorReply) {};
    take_request(std::move(request), std::move(done));
  });
}

void Engine::Impl::take_request(OperatorRequest request, Done done) {
  if (exiting_) {
    done({503, "the daemon is stopping"});
    return;
  }
  std::visit(Overloaded{
                 [&](ReloadRequest) { tasks_.spawn(reload(std::move(done))); },
                 [&](DetachRequest) {
                   state_.log.info("detaching: postgres, lock and member key are left to the next start");
                   exiting_ = true;
                   done({202, "detaching"});
                   wake();
                 },
                 [&](ShutdownRequest) {
                   state_.shutting_down = true;
                   exiting_ = true;
                   stop_postgres_at_exit_ = !state_.paused();
                   done({202, "shutdown scheduled"});
                   wake();
                 },
                 [&](SwitchoverRequest& r) { requests_.switchover(std::move(r), std::move(done)); },
                 [&](CancelSwitchoverRequest r) { requests_.cancel_switchover(r, std::move(done)); },
                 [&](ConfigWrite& r) { requests_.write_config(std::move(r), std::move(done)); },
                 [&](RestartRequest& r) {
                   if (restart_) return done({503, "restart already in progress"});
                   restart_.emplace(std::move(r), Pending{std::move(done), now()});
                   wake();
                 },
                 [&](ScheduleRestart& r) { restart_schedule_.schedule(std::move(r), std::move(done)); },
                 [&](CancelScheduledRestart) { restart_schedule_.cancel(std::move(done)); },
                 [&](ReinitializeRequest& r) {
                   if (reinitialize_) return done({503, "reinitialize already in progress"});
                   reinitialize_.emplace(std::move(r), Pending{std::move(done), now()});
                   wake();
                 },
                 [&](LoadRequest) { fresh_view_.ask(std::move(done)); },
                 [&](FailsafeRequest& r) { promise_.answer(std::move(r.question), std::move(done)); },
                 [&](SettingsQuestion& r) { tasks_.spawn(answer_settings(std::move(r), std::move(done))); },
                 [&](StatusRequest) { status_.ask(std::move(done)); },
             },
             request);
}

// Whoever asked looks at the snapshot next.
Task<OperatorReply> Engine::Impl::look_for_askers() {
  co_await look_at_postgres(true);
  publish_snapshot();
  co_return OperatorReply{200, ""};
}

Task<OperatorReply> Engine::Impl::load_for_askers() {
  Result<void> loaded = co_await views_.load(now() + state_.settings->dynamic.retry_timeout);
  publish_snapshot();
  if (!loaded) co_return OperatorReply{503, "DCS is not accessible: " + loaded.error().text()};
  co_return OperatorReply{200, ""};
}

Task<void> Engine::Impl::reload(Done done) {
  auto reloaded = co_await state_.ports.settings.reload_local();
  if (!reloaded) {
    state_.log.error("Exception when reloading local configuration: {}", reloaded.error().text());
    done({500, reloaded.error().text()});
    co_return;
  }
  settings_changed(*reloaded, true);
  done({202, "reload scheduled"});
}

// Nothing is written or changed by it.
Task<void> Engine::Impl::answer_settings(SettingsQuestion question, Done done) {
  const auto in_force = state_.ports.settings.current();  // the inputs point to it
  const SettingsInputs inputs = state_.ports.settings.inputs();
  json::object document{{"member", state_.settings->name}};
  if (!question.proposed) {
    const auto origins = settings_origins(inputs);
    if (!origins) {
      done({503, origins.error().text()});
      co_return;
    }
    document["settings"] = origins_document(*origins);
    done({200, to_json(document, JsonStyle::Spaced)});
    co_return;
  }
  auto next = build_settings(with_dynamic(inputs.build, *question.proposed));
  if (!next) {
    done({400, next.error().text()});
    co_return;
  }
  keep_until_restart(*state_.settings, next->settings);
  const bool feedback = needs_feedback(views_.view().get(), next->settings, state_.postgres.major_version);
  const auto outlook = co_await state_.ports.server.preview_settings(
      with_cluster_demands(std::move(next->settings), feedback), now() + kPreviewPatience);
  if (!outlook) {
    done({503, outlook.error().text()});
    co_return;
  }
  const auto changes = preview_change(inputs, *question.proposed, *outlook);
  if (!changes) {
    done({400, changes.error().text()});
    co_return;
  }
  document["changes"] = changes_document(*changes);
  done({200, to_json(document, JsonStyle::Spaced)});
}

// The settings as they are, but for what the cluster's slots demand.
void Engine::Impl::configure_server() {
  state_.feedback = needs_feedback(views_.view().get(), *state_.settings, state_.postgres.major_version);
  state_.ports.server.update_settings(with_cluster_demands(*state_.settings, state_.feedback));
}

Settings Engine::Impl::with_cluster_demands(Settings settings, bool feedback) {
  if (feedback) {
    auto& parameters = settings.postgresql.parameters;
    std::erase_if(parameters, [](const auto& p) { return equal_ignoring_case(p.first, "hot_standby_feedback"); });
    parameters["hot_standby_feedback"] = "on";
  }
  return settings;
}

void Engine::Impl::settings_changed(std::shared_ptr<const Settings> settings, bool force_reload) {
  const bool was_paused = state_.paused();
  state_.settings = std::move(settings);
  const DynamicSettings& dynamic = state_.settings->dynamic;
  views_.update_settings(dynamic);
  lock_.update_settings(dynamic);
  promise_.update_settings(dynamic);
  configure_server();
  state_.ports.watchdog.update_settings(state_.settings->watchdog, dynamic.ttl, dynamic.loop_wait);
  state_.ports.callbacks.update_settings(*state_.settings);
  if (was_paused && !state_.paused()) views_.doubt("pause ended");
  fence_.look();
  tasks_.spawn(apply_to_postgres(force_reload));
  member_.look();
  wake();
}

Task<void> Engine::Impl::apply_to_postgres(bool force) {
  Result<void> cached = co_await state_.ports.local.save_dynamic_cache(state_.settings->dynamic_document);
  if (!cached) state_.log.debug("dynamic configuration was not cached: {}", cached.error().text());
  if (!state_.postgres.running()) co_return;
  Result<ReloadOutcome> applied = co_await state_.ports.server.apply_settings(force, now() + kApplyPatience);
  if (!applied) {
    state_.log.warning("settings were not applied to postgres: {}", applied.error().text());
    co_return;
  }
  state_.pending_restart_reason = applied->pending_restart_reason;
  if (applied->reloaded) context_.callback(Callbacks::Event::OnReload, state_.memory.role);
  publish_snapshot();
  member_.look();
}

}  // namespace tamada
