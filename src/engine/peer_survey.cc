#include "engine/peer_survey.h"

#include "core/election.h"

namespace tamada {

namespace {

// From the end of the first round: a second reading may be kReadingAge old when it is told.
constexpr Duration kPause = kReadingsApart + kReadingAge;
constexpr Duration kSecondTimeout = 300ms;

bool current(const PeerAnswer& answer) {
  return answer.observed_ago <= kReadingAge;
}

bool may_grow(const PeerReport& report) {
  return report.answered && report.in_recovery && !report.is_primary && !report.position_final;
}

const Member* member_named(const std::vector<Member>& members, const std::string& name) {
  for (const Member& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

}  // namespace

PeerReport to_report(PeerAnswer answer) {
  PeerReport r;
  r.member = std::move(answer.member);
  r.url = std::move(answer.url);
  r.answered = answer.reach == PeerAnswer::Reach::Answered;
  r.problem = std::move(answer.problem);
  r.is_primary = answer.is_primary;
  r.in_recovery = answer.in_recovery;
  r.standby = answer.standby;
  r.server_down = answer.server_down;
  r.position = answer.position();
  r.timeline = answer.timeline;
  r.tags = std::move(answer.tags);
  r.watchdog_failed = answer.watchdog_failed;
  r.sick = answer.sick;
  r.position_expired = answer.observed_ago > kAnswersExpire;
  r.receiver_stopped = answer.receiver_stopped && current(answer);
  r.position_final = r.receiver_stopped;
  r.upstream_alive = answer.upstream_alive;
  return r;
}

Task<PeerSurvey> survey_peers(Peers& peers, Clock& clock, std::vector<Member> members, Duration timeout,
                              bool final_positions) {
  PeerSurvey survey;
  survey.asked_at = clock.now();
  const std::vector<PeerAnswer> first = co_await peers.ask(members, survey.asked_at + timeout);
  // Answers of the first round do not become younger by the second.
  survey.completed_at = clock.now();
  std::vector<Member> again;
  for (const PeerAnswer& answer : first) {
    const PeerReport& report = survey.reports.emplace_back(to_report(answer));
    const Member* member = member_named(members, report.member);
    if (final_positions && may_grow(report) && member != nullptr) again.push_back(*member);
  }
  if (again.empty()) co_return survey;

  co_await clock.sleep_for(kPause);
  std::vector<PeerAnswer> answers = co_await peers.ask(std::move(again), clock.now() + kSecondTimeout);
  for (PeerAnswer& second : answers) {
    if (second.reach != PeerAnswer::Reach::Answered) continue;  // its first position stays, not final
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i].member != second.member) continue;
      const bool at_rest = current(first[i]) && current(second) && first[i].position() == second.position();
      PeerReport report = to_report(std::move(second));
      report.position_final |= at_rest && may_grow(report);
      survey.reports[i] = std::move(report);
      break;
    }
  }
  co_return survey;
}

}  // namespace tamada
