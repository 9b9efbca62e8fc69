// Peers over REST: one GET to each member's api_url, all at the same time, none repeated.
//
// One thread. The transport should neither verify the members' host names nor, without a configured authority, their
// certificates (ha_behaviour.md 2.2): see peers_http_settings.
#pragma once

#include <memory>

#include "base/async.h"
#include "base/log.h"
#include "model/settings.h"
#include "net/http.h"
#include "ports/clock.h"
#include "ports/peers.h"

namespace tamada {

class RestPeers final : public Peers {
 public:
  RestPeers(Executor executor, Clock& clock, HttpTransport& transport, Logger log);

  Task<std::vector<PeerAnswer>> ask(std::vector<Member> members, Instant deadline) override;
  // Ends requests that nobody waits for any more.
  Task<void> stop();

 private:
  struct Survey;
  Task<void> ask_one(std::shared_ptr<Survey> survey, std::size_t index, Instant deadline);

  Clock& clock_;
  HttpTransport& transport_;
  Logger log_;
  TaskScope requests_;
};

// For the transport that peers are asked through.
HttpClientSettings peers_http_settings(const Settings& settings);

}  // namespace tamada
