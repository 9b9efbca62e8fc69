#include "peers/rest_peers.h"

#include <utility>

#include "base/text.h"
#include "peers/peer_codec.h"

namespace tamada {

RestPeers::RestPeers(Executor executor, Clock& clock, HttpTransport& transport, Logger log)
    : clock_(clock), transport_(transport), log_(log.named("peers")), requests_(std::move(executor)) {}

// Ends with the last one. Requests of a question that was given up end with it.
Task<void> RestPeers::all(std::vector<Task<void>> work) {
  struct Open {
    explicit Open(Executor executor) : finished(std::move(executor)) {}
    std::size_t count = 0;
    WaitList finished;
  };
  auto open = std::make_shared<Open>(requests_.executor());
  struct Abandon {
    TaskScope& scope;
    std::vector<TaskScope::Id> ids;
    ~Abandon() {
      for (TaskScope::Id id : ids) scope.cancel(id);
    }
  } abandon{requests_, {}};
  for (Task<void>& one : work) {
    ++open->count;
    abandon.ids.push_back(requests_.spawn(std::move(one), [open](std::exception_ptr error) {
      if (--open->count == 0) open->finished.resume_all();
      if (error && !is_cancellation(error)) std::rethrow_exception(error);
    }));
  }
  while (open->count > 0) co_await open->finished.wait();
}

Task<std::vector<PeerAnswer>> RestPeers::ask(std::vector<Member> members, Instant deadline) {
  auto answers = std::make_shared<std::vector<PeerAnswer>>(members.size());
  std::vector<Task<void>> work;
  for (std::size_t i = 0; i < members.size(); ++i) {
    PeerAnswer& answer = (*answers)[i];
    answer.member = members[i].name;
    answer.url = members[i].api_url;
    if (answer.url.empty()) {
      answer.problem = "it published no api_url";
    } else {
      work.push_back(ask_one(answers, i, deadline));
    }
  }
  co_await all(std::move(work));
  co_return std::move(*answers);
}

Task<void> RestPeers::ask_one(Answers answers, std::size_t index, Instant deadline) {
  const Instant asked_at = clock_.now();
  HttpRequest request;
  request.url = (*answers)[index].url;
  auto response = co_await transport_.send(std::move(request), deadline);
  PeerAnswer answer;
  if (response) {
    answer = parse_peer_answer(response->body);
  } else {
    const bool refused = response.error().code == ErrorCode::Unavailable;
    answer.reach = refused ? PeerAnswer::Reach::Refused : PeerAnswer::Reach::Silent;
    if (response.error().code == ErrorCode::Denied || response.error().code == ErrorCode::Io) {
      answer.reach = PeerAnswer::Reach::Broken;
    }
    answer.problem = response.error().text();
  }
  answer.member = (*answers)[index].member;
  answer.url = (*answers)[index].url;
  answer.asked_at = asked_at;
  if (!answer.problem.empty()) log_.debug("member {} ({}): {}", answer.member, answer.url, answer.problem);
  (*answers)[index] = std::move(answer);
}

Task<std::vector<ConsentAnswer>> RestPeers::ask_consent(FailsafeQuestion question, std::vector<Member> members,
                                                        Instant deadline) {
  const std::string body = format_failsafe_question(question);
  auto answers = std::make_shared<std::vector<ConsentAnswer>>(members.size());
  std::vector<Task<void>> work;
  for (std::size_t i = 0; i < members.size(); ++i) {
    (*answers)[i].member = members[i].name;
    (*answers)[i].url = failsafe_url(members[i].api_url);
    if ((*answers)[i].url.empty()) {
      (*answers)[i].problem = "its api_url is no URL";
    } else {
      work.push_back(ask_one_for_consent(answers, i, body, deadline));
    }
  }
  co_await all(std::move(work));
  co_return std::move(*answers);
}

Task<void> RestPeers::ask_one_for_consent(Consents answers, std::size_t index, std::string body, Instant deadline) {
  HttpRequest request{.method = "POST", .url = (*answers)[index].url, .body = std::move(body)};
  request.headers.emplace_back("Content-Type", "application/json");
  if (!authorization_.empty()) request.headers.emplace_back("Authorization", authorization_);
  auto response = co_await transport_.send(std::move(request), deadline);
  ConsentAnswer& answer = (*answers)[index];
  if (response) {
    answer = parse_consent_answer(response->status, response->body, std::move(answer));
  } else {
    answer.problem = response.error().text();
  }
}

void RestPeers::update_settings(const Settings& settings) {
  const bool own = !settings.ctl.username.empty();
  const std::string& username = own ? settings.ctl.username : settings.restapi.username;
  const std::string& password = own ? settings.ctl.password : settings.restapi.password;
  authorization_.clear();
  if (!username.empty() || !password.empty()) authorization_ = "Basic " + base64_encode(username + ":" + password);
}

Task<void> RestPeers::stop() {
  co_await requests_.stop();
}

HttpClientSettings peers_http_settings(const Settings& settings) {
  HttpClientSettings http;
  http.cacert = settings.ctl.cacert.empty() ? settings.restapi.cafile : settings.ctl.cacert;
  http.cert = settings.ctl.certfile;
  http.key = settings.ctl.keyfile;
  http.key_password = settings.ctl.keyfile_password;
  http.verify_peer = !http.cert.empty() && !settings.ctl.insecure;
  http.verify_host = false;
  return http;
}

}  // namespace tamada
