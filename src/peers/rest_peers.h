// Peers over REST: one request to each member, all at the same time, none repeated.
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
  Task<std::vector<ConsentAnswer>> ask_consent(FailsafeQuestion question, std::vector<Member> members,
                                               Instant deadline) override;
  // Credentials for what members protect.
  void update_settings(const Settings& settings);
  // Ends requests that nobody waits for any more.
  Task<void> stop();

 private:
  using Answers = std::shared_ptr<std::vector<PeerAnswer>>;
  using Consents = std::shared_ptr<std::vector<ConsentAnswer>>;
  Task<void> all(std::vector<Task<void>> work);
  Task<void> ask_one(Answers answers, std::size_t index, Instant deadline);
  Task<void> ask_one_for_consent(Consents answers, std::size_t index, std::string body, Instant deadline);

  Clock& clock_;
  HttpTransport& transport_;
  Logger log_;
  TaskScope requests_;
  std::string authorization_;  // header; empty = none
};

// For the transport that peers are asked through.
HttpClientSettings peers_http_settings(const Settings& settings);

}  // namespace tamada
