// The REST API of a member: a thread of its own with its own event loop, so that neither a busy engine nor a hung
// PostgreSQL or store slows an answer (E6). It reads the engine's snapshots and hands requests to it.
//
// The object may be used from any thread, by one caller at a time. stop() must have returned before the engine is
// destroyed; the destructor calls it.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "engine/facade.h"
#include "model/settings.h"

namespace tamada {

class ApiServer {
 public:
  ApiServer(EngineFacade& engine, Logger log);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Loads the certificate, listens, starts the thread. Errors: Invalid (settings), Conflict (port in use), as
  // HttpServer::listen and TlsServerContext::load say. May block while a host name in `listen` is resolved.
  Result<void> start(const RestApiSettings& settings);
  // Takes other settings without losing a connection: moves the socket when `listen` changed, reads certificates again.
  // On an error everything stays as it was. Not from the API thread.
  Result<void> reload(const RestApiSettings& settings);
  // No new connections; waiting requests are answered (503), the thread ends. Safe to call twice.
  void stop();

  // The port it listens on; 0 before start().
  int port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamada
