#include "engine/peer_survey.h"

#include <functional>

#include <gtest/gtest.h>

#include "support/jumping_clock.h"
#include "support/run_task.h"

namespace tamada {
namespace {

using testing::JumpingClock;

class ScriptedPeers final : public Peers {
 public:
  explicit ScriptedPeers(JumpingClock& clock) : clock_(clock) {}
  Task<std::vector<PeerAnswer>> ask(std::vector<Member> members, Instant) override {
    rounds.emplace_back(clock_.now(), members.size());
    std::vector<PeerAnswer> answers;
    for (const Member& member : members) {
      PeerAnswer& answer = answers.emplace_back(standby(100));
      answer.member = member.name;
      script(answer, static_cast<int>(rounds.size()));
    }
    co_return answers;
  }
  Task<std::vector<ConsentAnswer>> ask_consent(FailsafeQuestion, std::vector<Member>, Instant) override {
    co_return std::vector<ConsentAnswer>();
  }

  static PeerAnswer standby(std::uint64_t position) {
    PeerAnswer answer;
    answer.reach = PeerAnswer::Reach::Answered;
    answer.role = Role::Replica;
    answer.in_recovery = true;
    answer.received = Lsn{position};
    return answer;
  }

  std::function<void(PeerAnswer&, int round)> script = [](PeerAnswer&, int) {};
  std::vector<std::pair<Instant, std::size_t>> rounds;

 private:
  JumpingClock& clock_;
};

class PeerSurveyTest : public ::testing::Test {
 protected:
  PeerSurvey ask(bool final_positions = true) {
    Member n2, n3;
    n2.name = "n2";
    n3.name = "n3";
    peers.rounds.clear();
    return testing::run_task(io, survey_peers(peers, clock, {n2, n3}, 1200ms, final_positions));
  }

  boost::asio::io_context io;
  JumpingClock clock;
  ScriptedPeers peers{clock};
};

TEST_F(PeerSurveyTest, two_equal_readings_a_tenth_of_a_second_apart_are_final) {
  const PeerSurvey survey = ask();
  ASSERT_EQ(peers.rounds.size(), 2u);
  EXPECT_GE(peers.rounds[1].first - peers.rounds[0].first, 200ms) << "the second may be 100 ms old when it is told";
  ASSERT_EQ(survey.reports.size(), 2u);
  for (const PeerReport& report : survey.reports) {
    EXPECT_TRUE(report.position_final);
    EXPECT_FALSE(report.receiver_stopped);
  }
  EXPECT_EQ(survey.completed_at, peers.rounds[0].first) << "the first answers have become no younger";
}

TEST_F(PeerSurveyTest, a_position_that_grows_is_not_final_and_the_newer_one_counts) {
  peers.script = [](PeerAnswer& answer, int round) {
    if (answer.member == "n2") answer.received = Lsn{100u + static_cast<unsigned>(round)};
  };
  const PeerSurvey survey = ask();
  EXPECT_FALSE(survey.reports[0].position_final);
  EXPECT_EQ(survey.reports[0].position.bytes, 102u);
  EXPECT_TRUE(survey.reports[1].position_final);
}

TEST_F(PeerSurveyTest, a_stopped_receiver_is_final_at_once) {
  peers.script = [](PeerAnswer& answer, int) { answer.receiver_stopped = true; };
  const PeerSurvey survey = ask();
  EXPECT_EQ(peers.rounds.size(), 1u);
  EXPECT_TRUE(survey.reports[0].position_final);
  EXPECT_TRUE(survey.reports[0].receiver_stopped);
}

TEST_F(PeerSurveyTest, old_readings_show_neither_rest_nor_a_stopped_receiver) {
  for (const auto& [first, second] : {std::pair{0ms, 101ms}, {101ms, 0ms}, {5000ms, 5000ms}}) {
    peers.script = [&](PeerAnswer& answer, int round) {
      answer.observed_ago = round == 1 ? first : second;
      answer.receiver_stopped = answer.observed_ago > 100ms;
    };
    const PeerSurvey survey = ask();
    EXPECT_EQ(peers.rounds.size(), 2u);
    EXPECT_FALSE(survey.reports[0].position_final) << first.count() << " " << second.count();
    EXPECT_FALSE(survey.reports[0].receiver_stopped);
    EXPECT_EQ(survey.reports[0].position_expired, second > 1s);
  }
}

TEST_F(PeerSurveyTest, who_does_not_answer_again_keeps_the_first_position_which_is_not_final) {
  peers.script = [](PeerAnswer& answer, int round) {
    if (round == 2 && answer.member == "n2") answer.reach = PeerAnswer::Reach::Silent;
  };
  const PeerSurvey survey = ask();
  EXPECT_TRUE(survey.reports[0].answered);
  EXPECT_EQ(survey.reports[0].position.bytes, 100u);
  EXPECT_FALSE(survey.reports[0].position_final);
}

TEST_F(PeerSurveyTest, only_those_whose_position_may_grow_are_asked_again) {
  peers.script = [](PeerAnswer& answer, int round) {
    if (answer.member != "n2") return;
    if (round == 1) answer.reach = PeerAnswer::Reach::Refused;
  };
  EXPECT_FALSE(ask().reports[0].answered);
  EXPECT_EQ(peers.rounds[1].second, 1u);
  peers.script = [](PeerAnswer& answer, int) { answer.is_primary = true; };
  EXPECT_TRUE(ask().reports[0].is_primary);
  EXPECT_EQ(peers.rounds.size(), 1u);
}

TEST_F(PeerSurveyTest, who_became_primary_between_the_readings_is_primary) {
  peers.script = [](PeerAnswer& answer, int round) {
    if (round == 2) answer.is_primary = true;
  };
  const PeerSurvey survey = ask();
  EXPECT_TRUE(survey.reports[0].is_primary);
  EXPECT_FALSE(survey.reports[0].position_final);
}

TEST_F(PeerSurveyTest, a_planned_handover_asks_once) {
  EXPECT_FALSE(ask(false).reports[0].position_final);
  EXPECT_EQ(peers.rounds.size(), 1u);
}

}  // namespace
}  // namespace tamada
