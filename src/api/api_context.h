// What the handlers of the REST API share. One object, on the API thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/engine_client.h"
#include "api/member_questions.h"
#include "api/query_string.h"
#include "base/log.h"
#include "model/settings.h"
#include "net/http_message.h"
#include "net/resolver.h"

namespace tamada {

struct ApiContext {
  ApiContext(EngineFacade& facade, std::shared_ptr<boost::asio::io_context> io, Resolver& names,
             std::function<WallTime()> wall, Logger logger)
      : engine(facade, io),
        resolver(names),
        members(io->get_executor(), engine, names),
        wall_now(std::move(wall)),
        log(std::move(logger)) {}

  EngineClient engine;
  Resolver& resolver;
  MemberQuestions members;
  std::function<WallTime()> wall_now;
  Logger log;
  std::shared_ptr<const RestApiSettings> settings = std::make_shared<RestApiSettings>();

  int listeners = 0;  // of /events

  // The status document of the snapshot as text; made once for each snapshot.
  const std::string& status_text(const SnapshotPtr& snapshot);
  // Asks for a newer status row in the background when the snapshot's is old; health answers never wait for it.
  void freshen(const Snapshot& snapshot);

 private:
  SnapshotPtr shown_;
  std::string shown_text_;
  Instant asked_at_ = kLongAgo;
};

// One request on its way through a handler.
struct ApiCall {
  ApiContext& api;
  const HttpServerRequest& request;
  const RequestTarget& target;
  json::object body;  // empty unless the route takes one
};

}  // namespace tamada
