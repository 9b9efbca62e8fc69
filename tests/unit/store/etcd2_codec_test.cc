#include "store/etcd2/etcd2_codec.h"

#include <gtest/gtest.h>

namespace tamada::etcd2 {
namespace {

HttpResponse response(int status, std::string body) {
  return {status, std::move(body), {{"X-Etcd-Cluster-Id", "48276a8f"}, {"x-etcd-index", "11"}}};
}

Fault fault(int status, std::string body) {
  auto parsed = parse_answer(response(status, std::move(body)));
  EXPECT_TRUE(std::holds_alternative<Fault>(parsed));
  return std::holds_alternative<Fault>(parsed) ? std::get<Fault>(parsed) : Fault{};
}

TEST(Etcd2Codec, requests_are_those_of_the_reference) {
  EXPECT_EQ(read_all("/service/batman/").path, "/v2/keys/service/batman/?recursive=true&quorum=true");
  EXPECT_EQ(wait_for_change("/service/batman/", 8).path,
            "/v2/keys/service/batman/?wait=true&recursive=true&waitIndex=8");
  const Request create = put("/service/batman/leader", "node 1", Guard::absent(), 30);
  EXPECT_EQ(create.method, "PUT");
  EXPECT_EQ(create.path, "/v2/keys/service/batman/leader");
  EXPECT_EQ(create.form, "value=node%201&ttl=30&prevExist=false");
  EXPECT_EQ(put("/a/b", "", Guard::at(7)).form, "value=&prevIndex=7");
  EXPECT_EQ(put("/a/b", "x", Guard::at(0)).form, "value=x&prevExist=false") << "0 means \"not given\" to etcd";
  EXPECT_EQ(put("/a/m\u00e4x", "x", Guard::none()).path, "/v2/keys/a/m%C3%A4x");
  EXPECT_EQ(refresh("/a/b", 30).form, "refresh=true&prevExist=true&ttl=30");
  EXPECT_EQ(remove("/a/b", Guard::at(7)).path, "/v2/keys/a/b?prevIndex=7");
  EXPECT_EQ(remove("/a/b", Guard::none()).path, "/v2/keys/a/b");
  EXPECT_EQ(remove_all("/service/batman/").path, "/v2/keys/service/batman/?recursive=true");
}

TEST(Etcd2Codec, a_directory_gives_its_keys_at_any_depth) {
  const auto parsed = parse_answer(response(200, R"({"action":"get","node":{"key":"/s/b","dir":true,"nodes":[
    {"key":"/s/b/members","dir":true,"nodes":[{"key":"/s/b/members/n1","value":"{}","modifiedIndex":8,"createdIndex":7}]},
    {"key":"/s/b/failsafe","dir":true},
    {"key":"/s/b/leader","value":"n1","ttl":5,"modifiedIndex":6,"createdIndex":4}],"modifiedIndex":4,"createdIndex":4}})"));
  ASSERT_TRUE(std::holds_alternative<Answer>(parsed));
  const Answer& answer = std::get<Answer>(parsed);
  EXPECT_EQ(answer.index, 11);
  EXPECT_EQ(answer.cluster_id, "48276a8f");
  const StoredKeys keys = stored_keys(answer.leaves, "/s/b/");
  ASSERT_EQ(keys.size(), 2u) << "a directory is no key";
  EXPECT_EQ(keys.at("leader").create_revision, 4);
  EXPECT_EQ(keys.at("leader").revision, 6);
  EXPECT_EQ(keys.at("members/n1").value, "{}");
  EXPECT_TRUE(stored_keys(answer.leaves, "/s/other/").empty());
}

TEST(Etcd2Codec, errors_say_whether_the_write_may_be_applied) {
  const Fault conflict = fault(412, R"({"errorCode":101,"message":"Compare failed","cause":"[4 != 5]","index":5})");
  EXPECT_EQ(conflict.kind, FaultKind::Conflict);
  EXPECT_FALSE(conflict.may_be_applied);
  EXPECT_EQ(conflict.index, 5);
  EXPECT_EQ(fault(412, R"({"errorCode":105,"message":"Key already exists"})").kind, FaultKind::Conflict);
  EXPECT_EQ(fault(404, R"({"errorCode":100,"message":"Key not found"})").kind, FaultKind::NotFound);
  EXPECT_EQ(fault(401, R"({"errorCode":110,"message":"The request requires user authentication"})").kind,
            FaultKind::Denied);
  EXPECT_EQ(fault(400, R"({"errorCode":401,"message":"The event in requested index is outdated and cleared"})").kind,
            FaultKind::Cleared);
  const Fault internal = fault(500, R"({"errorCode":300,"message":"Raft Internal Error","cause":"timed out"})");
  EXPECT_EQ(internal.kind, FaultKind::Busy);
  EXPECT_TRUE(internal.may_be_applied);
  EXPECT_EQ(fault(500, R"({"errorCode":999,"message":"?"})").kind, FaultKind::Busy);
  EXPECT_EQ(fault(503, "no").kind, FaultKind::Busy);
}

TEST(Etcd2Codec, a_server_without_the_api_is_told_so) {
  const Fault off = fault(404, "404 page not found");
  EXPECT_EQ(off.kind, FaultKind::Rejected);
  EXPECT_NE(off.error.hint.find("--enable-v2"), std::string::npos);
}

TEST(Etcd2Codec, what_is_no_answer_of_etcd_is_garbled) {
  for (const char* body : {"", "<html>", "[]", "{}", R"({"action":1,"node":{}})", R"({"action":"get"})",
                           R"({"action":"get","node":{"key":"/a","nodes":[1]}})",
                           R"({"action":"get","node":{"key":"/a","modifiedIndex":-1}})",
                           R"({"action":"get","node":{"key":"/a","value":7}})"}) {
    const Fault f = fault(200, body);
    EXPECT_EQ(f.kind, FaultKind::Garbled) << body;
    EXPECT_TRUE(f.may_be_applied) << body;
  }
}

}  // namespace
}  // namespace tamada::etcd2
