// What other threads may ask of the engine. All calls are safe from any thread; `done` runs on the engine's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "core/observation.h"
#include "engine/snapshot.h"
#include "model/failsafe_question.h"

namespace tamada {

struct ReloadRequest {};    // SIGHUP, POST /reload
struct DetachRequest {};    // SIGUSR2, tamadactl detach (A14)
struct ShutdownRequest {};  // SIGTERM, SIGINT
// POST /switchover and /failover after REST has validated the request itself (rest_api.md 11.2, rows 1-9). The engine
// checks it against a fresh view and the peers (rows 10-15) and writes /failover. 200 or 202 once the key is written,
// else the documented code and text.
struct SwitchoverRequest {
  bool failover = false;  // the endpoint
  std::string leader;
  std::string candidate;
  std::optional<WallTime> scheduled_at;
  int offset_minutes = 0;  // of the zone in which it was written
};
// DELETE /switchover: writes {} if the key still has this revision; 200, 409 when it has another one, 503.
struct CancelSwitchoverRequest {
  std::int64_t expected_revision = 0;
};
// POST /restart with a schedule: 202, 409 when there is one already, 503. The engine fills in the server that is meant.
struct ScheduleRestart {
  ScheduledRestart restart;
};
struct CancelScheduledRestart {};  // DELETE /restart: 200, 404, 503
// PATCH and PUT /config: 200, 409 when the key has another revision, 503.
struct ConfigWrite {
  json::object document;                          // the whole new document
  std::optional<std::int64_t> expected_revision;  // PATCH: compare-and-set
};
// A fresh linearizable read, shared like StatusRequest; when the reply is 200 the snapshot's view is at least as new as
// the request.
struct LoadRequest {};
// POST /failsafe: 200 "Accepted" once the promise is given and stored, 500 and why not, 502 when the mode is off.
struct FailsafeRequest {
  FailsafeQuestion question;
};
// GET and POST /settings: where the settings in force come from, or what a proposed dynamic configuration would do
// here. 200 with the document of rest_api.md, 400 for a document that no settings can be built from, 503.
struct SettingsQuestion {
  std::optional<json::object> proposed;
};
// A status query not older than the request, shared by concurrent askers (E6).
struct StatusRequest {};

using OperatorRequest =
    std::variant<ReloadRequest, DetachRequest, ShutdownRequest, SwitchoverRequest, CancelSwitchoverRequest, ConfigWrite,
                 RestartRequest, ScheduleRestart, CancelScheduledRestart, ReinitializeRequest, LoadRequest,
                 FailsafeRequest, SettingsQuestion, StatusRequest>;

struct OperatorReply {
  int http_status = 200;
  std::string text;  // the documented text
  bool ok() const { return http_status < 300; }
};

class EngineFacade {
 public:
  virtual ~EngineFacade() = default;
  virtual std::shared_ptr<const Snapshot> snapshot() const = 0;
  virtual void submit(OperatorRequest request, std::function<void(OperatorReply)> done) = 0;
  // The clock of lock_valid_until, readable from any thread.
  virtual Instant now() const = 0;
};

}  // namespace tamada
