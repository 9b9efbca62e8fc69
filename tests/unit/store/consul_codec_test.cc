// Bodies and answers as Consul 1.8.7 takes and gives them.
#include "store/consul/consul_codec.h"

#include <gtest/gtest.h>

namespace tamada::consul {
namespace {

template <class T>
Fault fault_in(const std::variant<T, Fault>& outcome) {
  const auto* fault = std::get_if<Fault>(&outcome);
  EXPECT_NE(fault, nullptr);
  return fault != nullptr ? *fault : Fault{};
}

TEST(ConsulCodec, SecondsCarryAUnitAndDecimals) {
  EXPECT_EQ(seconds_text(std::chrono::milliseconds(15000)), "15.0s");
  EXPECT_EQ(seconds_text(std::chrono::milliseconds(2500)), "2.5s");
  EXPECT_EQ(seconds_text(std::chrono::milliseconds(1)), "0.001s");
}

TEST(ConsulCodec, ASessionNamesItsChecksAlsoWhenThereAreNone) {
  EXPECT_EQ(session_body({"batman-a", {}, std::chrono::milliseconds(1), std::chrono::milliseconds(15000)}),
            R"({"Name":"batman-a","Checks":[],"LockDelay":"0.001s","Behavior":"delete","TTL":"15.0s"})");
}

TEST(ConsulCodec, AStepOfATransactionHasWhatItsVerbNeeds) {
  using Verb = TxnOp::Verb;
  EXPECT_EQ(txn_body({{.verb = Verb::CheckNotExists, .key = "s/b/leader"},
                      {.verb = Verb::Lock, .key = "s/b/leader", .value = "a", .session = "S", .flags = 7},
                      {.verb = Verb::Cas, .key = "s/b/sync", .value = "", .index = 0}}),
            R"([{"KV":{"Verb":"check-not-exists","Key":"s/b/leader"}},)"
            R"({"KV":{"Verb":"lock","Key":"s/b/leader","Value":"YQ==","Flags":7,"Session":"S"}},)"
            R"({"KV":{"Verb":"cas","Key":"s/b/sync","Index":0,"Value":""}}])");
}

TEST(ConsulCodec, ATransactionTellsTheIndexOfWhatItWrote) {
  const auto outcome = parse_txn(
      200, R"({"Results":[{"KV":{"LockIndex":1,"Key":"service/batman/leader","Flags":1311768467294899695,"Value":null,)"
           R"("Session":"219bb2b5-3dd3-a554-c14c-b4897b453688","CreateIndex":10,"ModifyIndex":11}}],"Errors":null})");
  const auto* keys = std::get_if<std::vector<KeyValue>>(&outcome);
  ASSERT_TRUE(keys != nullptr && keys->size() == 1);
  EXPECT_EQ(keys->front().create_index, 10);
  EXPECT_EQ(keys->front().modify_index, 11);
  EXPECT_EQ(keys->front().flags, 1311768467294899695u);
  EXPECT_EQ(keys->front().session, "219bb2b5-3dd3-a554-c14c-b4897b453688");
}

TEST(ConsulCodec, ARolledBackTransactionIsNotApplied) {
  const auto held = fault_in(
      parse_txn(409, R"({"Results":null,"Errors":[{"OpIndex":0,"What":"key \"service/batman/leader\" exists"},)"
                     R"({"OpIndex":1,"What":"failed to lock key \"service/batman/leader\", lock is already held"}]})"));
  EXPECT_EQ(held.kind, FaultKind::Condition);
  EXPECT_FALSE(held.may_be_applied);
  const auto gone = fault_in(parse_txn(
      409,
      R"({"Results":null,"Errors":[{"OpIndex":1,"What":"invalid session \"219bb2b5-3dd3-a554-c14c-b4897b453688\""}]})"));
  EXPECT_EQ(gone.kind, FaultKind::InvalidSession);
  EXPECT_FALSE(gone.may_be_applied);
}

TEST(ConsulCodec, AnswersWithoutALeaderLeaveAWriteOpen) {
  const auto fault = fault_in(parse_txn(500, "No cluster leader"));
  EXPECT_EQ(fault.kind, FaultKind::Busy);
  EXPECT_TRUE(fault.may_be_applied);
  EXPECT_EQ(fault_in(parse_txn(500, "Permission denied")).kind, FaultKind::Denied);
  EXPECT_EQ(fault_in(parse_txn(403, "ACL not found")).kind, FaultKind::Denied);
  EXPECT_TRUE(fault_in(parse_txn(409, "{}")).may_be_applied);
}

TEST(ConsulCodec, ASessionTtlThatIsTooShortHasItsOwnKind) {
  const auto fault = fault_in(parse_session(500, "Invalid Session TTL '500000000', must be between [1s=24h0m0s]"));
  EXPECT_EQ(fault.kind, FaultKind::SessionTtl);
  EXPECT_EQ(fault.error.code, ErrorCode::Unsupported);
}

TEST(ConsulCodec, ListsOfKeysAndTheirAbsence) {
  const auto outcome = parse_keys(
      200,
      R"([{"LockIndex":0,"Key":"service/batman/initialize","Flags":0,"Value":null,"CreateIndex":16,"ModifyIndex":16}])");
  const auto* keys = std::get_if<std::vector<KeyValue>>(&outcome);
  ASSERT_TRUE(keys != nullptr && keys->size() == 1);
  EXPECT_EQ(keys->front().value, "");
  EXPECT_EQ(keys->front().session, "");
  const auto none = parse_keys(404, "");
  ASSERT_NE(std::get_if<std::vector<KeyValue>>(&none), nullptr);
  EXPECT_EQ(fault_in(parse_keys(200, "<html>")).kind, FaultKind::Garbled);
}

TEST(ConsulCodec, ASessionIdIsFitForAPath) {
  const auto id = parse_session(200, R"({"ID":"219bb2b5-3dd3-a554-c14c-b4897b453688"})");
  EXPECT_NE(std::get_if<std::string>(&id), nullptr);
  EXPECT_EQ(fault_in(parse_session(200, R"({"ID":"../x"})")).kind, FaultKind::Garbled);
}

}  // namespace
}  // namespace tamada::consul
