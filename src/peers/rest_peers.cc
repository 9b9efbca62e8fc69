#include "peers/rest_peers.h"

#include <utility>

#include "peers/peer_codec.h"

namespace tamada {

struct RestPeers::Survey {
  explicit Survey(Executor executor) : finished(std::move(executor)) {}
  std::vector<PeerAnswer> answers;
  std::vector<TaskScope::Id> requests;
  std::size_t open = 0;
  WaitList finished;
};

RestPeers::RestPeers(Executor executor, Clock& clock, HttpTransport& transport, Logger log)
    : clock_(clock), transport_(transport), log_(log.named("peers")), requests_(std::move(executor)) {}

Task<std::vector<PeerAnswer>> RestPeers::ask(std::vector<Member> members, Instant deadline) {
  auto survey = std::make_shared<Survey>(requests_.executor());
  for (const Member& member : members) {
    PeerAnswer& answer = survey->answers.emplace_back();
    answer.member = member.name;
    answer.url = member.api_url;
    if (member.api_url.empty()) answer.problem = "it published no api_url";
  }
  // Requests of an abandoned survey end with it.
  struct Abandon {
    TaskScope& scope;
    std::shared_ptr<Survey> survey;
    ~Abandon() {
      for (TaskScope::Id id : survey->requests) scope.cancel(id);
    }
  } abandon{requests_, survey};
  for (std::size_t i = 0; i < survey->answers.size(); ++i) {
    if (survey->answers[i].url.empty()) continue;
    ++survey->open;
    survey->requests.push_back(requests_.spawn(ask_one(survey, i, deadline), [survey](std::exception_ptr error) {
      if (--survey->open == 0) survey->finished.resume_all();
      if (error && !is_cancellation(error)) std::rethrow_exception(error);
    }));
  }
  while (survey->open > 0) co_await survey->finished.wait();
  co_return std::move(survey->answers);
}

Task<void> RestPeers::ask_one(std::shared_ptr<Survey> survey, std::size_t index, Instant deadline) {
  const Instant asked_at = clock_.now();
  HttpRequest request;
  request.url = survey->answers[index].url;
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
  answer.member = survey->answers[index].member;
  answer.url = survey->answers[index].url;
  answer.asked_at = asked_at;
  if (!answer.problem.empty()) log_.debug("member {} ({}): {}", answer.member, answer.url, answer.problem);
  survey->answers[index] = std::move(answer);
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
