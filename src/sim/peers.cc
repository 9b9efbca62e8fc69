#include "sim/peers.h"

namespace tamada::sim {

template <class Answer>
struct SimPeers::Survey {
  explicit Survey(SimWorld& world) : signal(world) {}
  std::vector<Answer> answers;
  std::vector<bool> settled;
  std::size_t open = 0;
  SimSignal signal;

  void settle(std::size_t i, Answer answer) {
    if (settled[i]) return;
    settled[i] = true;
    answer.member = answers[i].member;
    answer.url = answers[i].url;
    if constexpr (requires { answer.asked_at; }) answer.asked_at = answers[i].asked_at;
    answers[i] = std::move(answer);
    if (--open == 0) signal.notify();
  }
};

namespace {

std::string host_of_url(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return {};
  const auto from = begin + 3;
  return url.substr(from, url.find_first_of(":/", from) - from);
}

PeerAnswer unreachable(PeerAnswer::Reach reach, std::string why) {
  PeerAnswer answer;
  answer.reach = reach;
  answer.problem = std::move(why);
  return answer;
}

}  // namespace

PeerAnswer peer_answer_from(const Snapshot& s, Instant now) {
  PeerAnswer a;
  a.reach = PeerAnswer::Reach::Answered;
  a.role = s.role;
  a.is_primary = s.role == Role::Primary || s.postgres.is_primary() || s.promoting;
  a.standby = s.standby;
  a.tags = s.own_member.tags;
  a.watchdog_failed = s.watchdog_failed;
  a.sick = s.sick();
  a.observed_ago = s.postgres.observed_at == kLongAgo ? 24h : now - s.postgres.observed_at;
  a.receiver_stopped = s.receiver_stopped;
  a.upstream_alive = s.upstream_alive;
  if (!s.postgres.row) {
    if (!a.is_primary) {
      const PgState state = s.own_member.state;
      a.server_down = s.role != Role::Promoted && (state == PgState::Stopped || state == PgState::Crashed ||
                                                   state == PgState::StartFailed || state == PgState::CreatingReplica);
      a.reach = PeerAnswer::Reach::Broken;
      a.problem = "no position in the answer";
    }
    return a;
  }
  const StatusRow& row = *s.postgres.row;
  a.in_recovery = row.in_recovery;
  a.timeline = row.timeline;
  if (row.in_recovery) {
    a.received = row.received_lsn;
    a.replayed = row.replayed_lsn;
  }
  return a;
}

template <class Answer>
void SimPeers::ask_one(SurveyPtr<Answer> survey, std::size_t i, const DaemonDirectory::Entry& target, Answer refused,
                       Question<Answer> question) {
  SimWorld& world = process_.world();
  const int me = process_.host_id();
  const int there = target.host;
  if (!world.network().can_send(me, there)) return;  // silence
  auto reply = [&world, me, there, weak = std::weak_ptr(survey), i](Answer answer) {
    if (!world.network().can_send(there, me)) return;
    world.after(world.network().delay(there, me, world.random()), me, [weak, i, answer = std::move(answer)] {
      if (auto s = weak.lock()) s->settle(i, answer);
    });
  };
  // A daemon serves REST only once it has looked for a namesake: it never finds itself.
  world.after(world.network().delay(me, there, world.random()), there,
              [target, reply, refused, question, me_id = process_.id()] {
                SimProcess* process = target.process();
                EngineFacade* engine = target.engine();
                if (process == nullptr || engine == nullptr || process->id() == me_id) return reply(refused);
                question(*engine, reply);
                process->post([] {});
              });
}

template <class Answer>
Task<std::vector<Answer>> SimPeers::survey(std::vector<Answer> answers, std::vector<Member> members, Instant deadline,
                                           Answer refused, Question<Answer> question) {
  auto survey = std::make_shared<Survey<Answer>>(process_.world());
  survey->open = members.size();
  survey->settled.assign(members.size(), false);
  survey->answers = std::move(answers);
  for (std::size_t i = 0; i < members.size(); ++i) {
    survey->answers[i].member = members[i].name;
    survey->answers[i].url = members[i].api_url;
    survey->answers[i].problem = "no answer in time";
  }
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto found = directory_.by_host_name.find(host_of_url(members[i].api_url));
    if (found == directory_.by_host_name.end()) {
      refused.problem = "no such host";
      survey->settle(i, refused);
      continue;
    }
    ask_one(survey, i, found->second, refused, question);
  }
  while (survey->open > 0) {
    const SimTime until = world_time(process_, deadline);
    if (until <= process_.world().now()) break;
    co_await process_.wait(survey->signal, until);
  }
  co_return survey->answers;
}

Task<std::vector<PeerAnswer>> SimPeers::ask(std::vector<Member> members, Instant deadline) {
  co_await process_.point("peers.ask", CallPhase::Before);
  std::vector<PeerAnswer> answers(members.size());
  for (PeerAnswer& answer : answers) answer.asked_at = process_.host().clock(process_.world().now());
  Question<PeerAnswer> question = [](EngineFacade& engine, std::function<void(PeerAnswer)> reply) {
    engine.submit(StatusRequest{}, [&engine, reply](OperatorReply) {
      auto snapshot = engine.snapshot();
      if (snapshot == nullptr) return reply(unreachable(PeerAnswer::Reach::Broken, "no snapshot yet"));
      reply(peer_answer_from(*snapshot, engine.now()));
    });
  };
  answers = co_await survey<PeerAnswer>(std::move(answers), std::move(members), deadline,
                                        unreachable(PeerAnswer::Reach::Refused, "connection refused"), question);
  co_await process_.point("peers.ask", CallPhase::Between);
  co_return answers;
}

Task<std::vector<ConsentAnswer>> SimPeers::ask_consent(FailsafeQuestion asked, std::vector<Member> members,
                                                       Instant deadline) {
  co_await process_.point("peers.ask_consent", CallPhase::Before);
  std::vector<ConsentAnswer> answers(members.size());
  Question<ConsentAnswer> question = [asked](EngineFacade& engine, std::function<void(ConsentAnswer)> reply) {
    engine.submit(FailsafeRequest{asked}, [reply](OperatorReply answer) {
      const auto kind = answer.ok() ? ConsentAnswer::Kind::Accepted : ConsentAnswer::Kind::Refused;
      reply({.member = {}, .url = {}, .kind = kind, .problem = answer.text});
    });
  };
  const ConsentAnswer refused{.member = {}, .url = {}, .kind = ConsentAnswer::Kind::Silent, .problem = "refused"};
  answers = co_await survey<ConsentAnswer>(std::move(answers), std::move(members), deadline, refused, question);
  co_await process_.point("peers.ask_consent", CallPhase::Between);
  co_return answers;
}

}  // namespace tamada::sim
