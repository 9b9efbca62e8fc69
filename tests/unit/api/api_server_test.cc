#include "api/api_server.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>

#include <fmt/format.h>

#include "api/event_stream.h"
#include "api/routes.h"
#include "base/text.h"
#include "support/engine_fake.h"
#include "support/log_capture.h"
#include "support/raw_http_client.h"
#include "support/test_certificates.h"

namespace tamada {
namespace {

using test::EngineFake;
using test::RawHttpClient;
using test::RawReply;
using test::SnapshotBuilder;
using namespace std::chrono_literals;

class ApiServerTest : public ::testing::Test {
 protected:
  ApiServerTest() { engine.publish(SnapshotBuilder::primary()); }
  static RestApiSettings settings() {
    RestApiSettings s;
    s.listen = "127.0.0.1:0";
    return s;
  }
  void start(const RestApiSettings& s = settings()) {
    auto started = server.start(s);
    ASSERT_TRUE(started) << started.error().text();
    client.emplace(server.port());
  }
  RawReply request(const std::string& method, const std::string& target, std::optional<std::string> body = std::nullopt,
                   const std::string& headers = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + headers;
    if (body) text += "Content-Length: " + std::to_string(body->size()) + "\r\n";
    const auto reply = client->ask(text + "\r\n" + body.value_or(""), method != "HEAD");
    EXPECT_TRUE(reply) << method << " " << target << " got no reply";
    return reply.value_or(RawReply{});
  }
  // Answers requests of type T, all others with 200.
  template <class T>
  void on(std::function<OperatorReply(const T&)> answer) {
    engine.behave([answer](const OperatorRequest& r, const EngineFake::Done& done) {
      const T* mine = std::get_if<T>(&r);
      done(mine != nullptr ? answer(*mine) : OperatorReply{200, ""});
    });
  }

  EngineFake engine;
  test::LogCapture log;
  ApiServer server{engine, Logger(log, "api")};
  std::optional<RawHttpClient> client;
};

TEST_F(ApiServerTest, health_answers_carry_the_status_document) {
  start();
  const auto primary = request("GET", "/primary");
  EXPECT_EQ(primary.status, 200);
  EXPECT_TRUE(primary.has_header("Content-Type: application/json"));
  EXPECT_TRUE(primary.body.starts_with("{\"state\": \"running\""));
  EXPECT_EQ(request("GET", "/replica").status, 503);
  EXPECT_EQ(request("GET", "/no/such/path").status, 503);
}

TEST_F(ApiServerTest, head_is_get_without_the_body_and_options_is_the_code_of_the_health_rule) {
  start();
  const auto head = request("HEAD", "/primary");
  EXPECT_EQ(head.status, 200);
  EXPECT_FALSE(head.has_header("Content-Length: 0"));
  EXPECT_EQ(request("HEAD", "/liveness").status, 200);
  EXPECT_EQ(request("HEAD", "/replica").status, 503);
  const auto options = request("OPTIONS", "/");
  EXPECT_EQ(options.status, 200);
  EXPECT_TRUE(options.has_header("Content-Length: 0"));
  EXPECT_EQ(request("OPTIONS", "/replica").status, 503);
  EXPECT_EQ(request("OPTIONS", "/liveness").status, 503) << "no health word";
}

TEST_F(ApiServerTest, unknown_methods_are_501_with_the_text_the_tools_look_for) {
  start();
  for (const auto& [method, path] : {std::pair{"POST", "/nothing"}, {"DELETE", "/config"}, {"BREW", "/primary"}}) {
    const auto reply = request(method, path, "{}");
    EXPECT_EQ(reply.status, 501) << method;
    EXPECT_NE(reply.body.find("Server does not support this operation"), std::string::npos);
  }
}

TEST_F(ApiServerTest, the_dashboard_is_served_before_and_without_everything) {
  engine.set(nullptr);
  auto s = settings();
  s.http_extra_headers = {{"X-Ours", "1"}};
  start(s);
  for (const char* path : {"/dashboard", "/dashboard/", "//dashboard?x=1"}) {
    const auto page = request("GET", path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_TRUE(page.body.starts_with("<!doctype html>")) << path;
  }
  const auto page = request("GET", "/dashboard");
  for (const char* header : {"Content-Type: text/html; charset=utf-8", "Content-Security-Policy: default-src 'none'; ",
                             "X-Content-Type-Options: nosniff", "Cache-Control: no-cache", "ETag: \"", "X-Ours: 1"}) {
    EXPECT_TRUE(page.has_header(header)) << header;
  }
  const std::string length = "Content-Length: " + std::to_string(page.body.size());
  const auto head = request("HEAD", "/dashboard");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has_header(length));
  const auto at = page.head.find("ETag: ") + 6;
  const std::string etag = page.head.substr(at, page.head.find("\r\n", at) - at);
  ASSERT_TRUE(client->send("GET /dashboard HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + etag + "\r\n\r\n"));
  const auto same = client->read_reply(false);
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->head.starts_with("HTTP/1.1 304 Not Modified\r\n")) << same->head;
  EXPECT_TRUE(same->has_header("ETag: " + etag) && same->has_header("Cache-Control: no-cache"));
  EXPECT_EQ(request("GET", "/dashboard").status, 200) << "nothing of a body was sent after the 304";
}

TEST_F(ApiServerTest, a_password_is_proven_without_changing_anything) {
  auto s = settings();
  s.username = "admin";
  s.password = "secret";
  start(s);
  EXPECT_EQ(request("POST", "/dashboard", "").status, 401);
  const std::string wrong = "Authorization: Basic " + base64_encode("admin:wrong") + "\r\n";
  EXPECT_EQ(request("POST", "/dashboard", "", wrong).status, 401);
  const std::string right = "Authorization: Basic " + base64_encode("admin:secret") + "\r\n";
  EXPECT_EQ(request("POST", "/dashboard", "", right).body, "accepted");
}

TEST_F(ApiServerTest, pages_of_others_change_nothing) {
  start();
  const char* bodies = R"({"leader": "n1", "ttl": 20})";
  for (const Route& route : api_routes()) {
    if (!route.is_protected) continue;
    const auto reply = request(std::string(route.method), "/" + std::string(route.segment), bodies,
                               "Origin: http://evil.example\r\nContent-Type: text/plain\r\n");
    EXPECT_EQ(reply.status, 403) << route.method << route.segment;
  }
  EXPECT_EQ(request("POST", "/reload", "", "Origin: http://x\r\n").status, 403) << "a name that was made to point here";
  EXPECT_EQ(request("GET", "/patroni", std::nullopt, "Origin: http://evil.example\r\n").status, 200);
  EXPECT_EQ(request("POST", "/reload", "").status, 202);
}

TEST_F(ApiServerTest, what_a_text_repeats_runs_in_no_browser) {
  auto s = settings();
  s.http_extra_headers = {{"Content-Security-Policy", "default-src 'self'"}, {"X-Ours", "1"}};
  start(s);
  const auto policies = [](const RawReply& reply) {
    std::size_t found = 0;
    for (auto at = reply.head.find("Content-Security-Policy: "); at != std::string::npos;
         at = reply.head.find("Content-Security-Policy: ", at + 1)) {
      ++found;
    }
    return found;
  };
  for (const char* target :
       {"/explain?past=<script>alert(1)</script>", "/explain?at=%3Cscript%3E", "/explain?member=<b>"}) {
    const auto reply = request("GET", target);
    ASSERT_EQ(reply.status / 100, 4) << target;
    EXPECT_TRUE(reply.has_header("Content-Type: text/html"));
    EXPECT_TRUE(reply.has_header("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'")) << reply.head;
    EXPECT_TRUE(policies(reply) == 1 && reply.has_header("X-Ours: 1")) << reply.head;
  }
  const auto page = request("GET", "/dashboard");
  EXPECT_EQ(policies(page), 1u) << "a second one would shut the page's own script out";
  EXPECT_TRUE(page.has_header("Content-Security-Policy: default-src 'none'; script-src 'sha256-")) << page.head;
  EXPECT_TRUE(request("GET", "/patroni").has_header("Content-Security-Policy: default-src 'self'"));
}

TEST_F(ApiServerTest, the_lock_ends_by_the_clock_although_nobody_publishes) {
  start();
  EXPECT_EQ(request("GET", "/primary").status, 200);
  engine.set_now(test::at(1020));
  EXPECT_EQ(request("GET", "/primary").status, 503);
}

TEST_F(ApiServerTest, a_hung_engine_does_not_slow_health_and_status) {
  engine.behave([](const OperatorRequest&, const EngineFake::Done&) {});
  start();
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(request("GET", "/primary").status, 200);
  EXPECT_EQ(request("GET", "/readiness").status, 200);
  EXPECT_EQ(request("GET", "/liveness").status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 300ms);
  const auto status = request("GET", "/patroni");
  EXPECT_EQ(status.status, 200);
  EXPECT_TRUE(status.body.starts_with("{\"state\": \"running\"")) << "the last snapshot";
  EXPECT_NE(status.body.find("\"observed_ms_ago\": 100}"), std::string::npos) << "and it says how old it is";
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
}

TEST_F(ApiServerTest, status_asks_for_a_new_row_first) {
  engine.behave([this](const OperatorRequest& r, const EngineFake::Done& done) {
    if (std::holds_alternative<StatusRequest>(r)) {
      auto newer = SnapshotBuilder::primary();
      newer.row().write_lsn = Lsn{42};
      engine.publish(newer);
    }
    done({200, ""});
  });
  start();
  EXPECT_NE(request("GET", "/patroni").body.find("{\"location\": 42}"), std::string::npos);
}

TEST_F(ApiServerTest, a_stopped_postgres_is_not_asked) {
  auto stopped = SnapshotBuilder::replica();
  stopped.snapshot.state = PgState::Stopped;
  stopped.snapshot.state_text = "stopped";
  engine.publish(stopped);
  start();
  EXPECT_TRUE(request("GET", "/patroni").body.starts_with("{\"state\": \"stopped\""));
  EXPECT_TRUE(engine.requests<StatusRequest>().empty());
}

TEST_F(ApiServerTest, an_old_row_is_refreshed_behind_the_answer_once_a_second) {
  auto old = SnapshotBuilder::replica();
  old.snapshot.postgres.observed_at = test::at(990);
  engine.publish(old);
  start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(request("GET", "/replica").status, 200);
  EXPECT_EQ(engine.requests<StatusRequest>().size(), 1u);
  engine.set_now(test::at(1001.5));
  request("GET", "/replica");
  EXPECT_EQ(engine.requests<StatusRequest>().size(), 2u);
}

TEST_F(ApiServerTest, before_the_first_snapshot_everything_is_answered) {
  engine.set(nullptr);
  start();
  for (const char* path : {"/primary", "/replica", "/liveness", "/readiness"}) {
    EXPECT_EQ(request("GET", path).status, 503) << path;
  }
  for (const char* path : {"/cluster", "/history", "/config"}) EXPECT_EQ(request("GET", path).status, 503) << path;
  for (const char* path : {"/patroni", "/metrics", "/explain"}) EXPECT_EQ(request("GET", path).status, 200) << path;
  EXPECT_EQ(request("GET", "/failsafe").status, 502);
}

TEST_F(ApiServerTest, documents_of_the_cluster) {
  auto b = SnapshotBuilder::primary();
  b.settings.dynamic.failsafe_mode = true;
  b.view.failsafe = {{"n1", "http://127.0.0.1:8150/patroni"}};
  engine.publish(b);
  start();
  EXPECT_TRUE(request("GET", "/cluster").body.starts_with("{\"members\": [{\"name\": \"n1\", \"role\": \"leader\""));
  EXPECT_EQ(request("GET", "/history").body, "[]");
  EXPECT_EQ(request("GET", "/config").body, "{\"ttl\": 30, \"loop_wait\": 10}");
  EXPECT_EQ(request("GET", "//config/x?y=1").body, "{\"ttl\": 30, \"loop_wait\": 10}");
  EXPECT_EQ(request("GET", "/failsafe").body, "{\"n1\": \"http://127.0.0.1:8150/patroni\"}");
  EXPECT_TRUE(request("GET", "/metrics").has_header("Content-Type: text/plain"));
  EXPECT_NE(request("GET", "/explain").body.find("\"rule\": \"LD-01\""), std::string::npos);
}

TEST_F(ApiServerTest, an_unreadable_store_gives_503_with_a_text) {
  on<LoadRequest>([](const LoadRequest&) { return OperatorReply{503, "DCS is not accessible"}; });
  start();
  const std::pair<const char*, const char*> calls[] = {
      {"GET", "/cluster"},  {"PATCH", "/config"},      {"PUT", "/config"},       {"POST", "/switchover"},
      {"POST", "/restart"}, {"POST", "/reinitialize"}, {"DELETE", "/switchover"}};
  for (const auto& [method, path] : calls) {
    const auto reply = request(method, path, R"({"leader": "n1"})");
    EXPECT_EQ(reply.status, 503) << method << path;
    EXPECT_NE(reply.body.find("DCS is not accessible"), std::string::npos) << method << path << reply.body;
  }
}

TEST_F(ApiServerTest, a_missing_config_is_502_and_cannot_be_patched) {
  auto b = SnapshotBuilder::primary();
  b.view.config.reset();
  engine.publish(b);
  start();
  EXPECT_EQ(request("GET", "/config").status, 502);
  EXPECT_EQ(request("PATCH", "/config", R"({"ttl": 20})").status, 503);
  EXPECT_EQ(request("PUT", "/config", R"({"ttl": 20})").body, "{\"ttl\": 20}");
  EXPECT_EQ(engine.requests<ConfigWrite>().size(), 1u);
}

TEST_F(ApiServerTest, patch_writes_the_merged_document_with_its_revision) {
  start();
  EXPECT_EQ(request("PATCH", "/config", R"({"ttl": 20})").body, "{\"ttl\": 20, \"loop_wait\": 10}");
  const auto writes = engine.requests<ConfigWrite>();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].expected_revision, 3);
  EXPECT_EQ(to_json(writes[0].document, JsonStyle::Compact), "{\"ttl\":20,\"loop_wait\":10}");
  EXPECT_EQ(request("PATCH", "/config", R"({"ttl": "30"})").status, 200);
  EXPECT_EQ(engine.requests<ConfigWrite>().size(), 1u) << "nothing changed, nothing written";
}

TEST_F(ApiServerTest, settings_are_the_engines_answer_and_not_for_everybody) {
  RestApiSettings s = settings();
  s.username = "u";
  s.password = "p";
  start(s);
  EXPECT_EQ(request("GET", "/settings").status, 401);
  const std::string authorization = "Authorization: Basic " + base64_encode("u:p") + "\r\n";
  on<SettingsQuestion>([](const SettingsQuestion& question) {
    return OperatorReply{200, question.proposed ? to_json(*question.proposed, JsonStyle::Compact) : "{}"};
  });
  const auto origins = request("GET", "/settings", std::nullopt, authorization);
  EXPECT_EQ(origins.status, 200);
  EXPECT_TRUE(origins.has_header("Content-Type: application/json"));
  EXPECT_EQ(request("POST", "/settings", R"({"config": {"ttl": 20}})", authorization).body, R"({"ttl":20})");
  EXPECT_EQ(request("POST", "/settings", R"({"ttl": 20})", authorization).status, 400);
  on<SettingsQuestion>([](const SettingsQuestion&) { return OperatorReply{400, "no"}; });
  const auto refused = request("POST", "/settings", R"({"config": {}})", authorization);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.body, "no");
}

TEST_F(ApiServerTest, put_replaces_and_failures_have_their_codes) {
  start();
  EXPECT_EQ(request("PUT", "/config", R"({"loop_wait": 10, "ttl": "30"})").status, 200);
  EXPECT_TRUE(engine.requests<ConfigWrite>().empty());
  on<ConfigWrite>([](const ConfigWrite&) { return OperatorReply{409, "Conflict"}; });
  EXPECT_EQ(request("PATCH", "/config", R"({"ttl": 20})").status, 409);
  EXPECT_EQ(request("PUT", "/config", R"({"ttl": 20})").status, 502);
}

TEST_F(ApiServerTest, bodies_are_checked_before_anything_is_done) {
  start();
  const std::pair<const char*, const char*> calls[] = {
      {"PATCH", "/config"}, {"PUT", "/config"}, {"POST", "/switchover"}, {"POST", "/failover"}, {"POST", "/failsafe"}};
  for (const auto& [method, path] : calls) {
    EXPECT_EQ(request(method, path).status, 411) << path;
    for (const char* bad : {"", "{}", "[1]", "\"x\"", "{", "nonsense", "{\"a\": 1} x", "\xff\xfe"}) {
      EXPECT_EQ(request(method, path, bad).status, 400) << path << " " << bad;
    }
  }
  for (const char* path : {"/restart", "/reinitialize"}) {
    EXPECT_EQ(request("POST", path, "[1]").status, 400) << path;
    EXPECT_EQ(request("POST", path, "{").status, 400) << path;
  }
  EXPECT_TRUE(engine.requests<ConfigWrite>().empty());
  EXPECT_TRUE(engine.requests<RestartRequest>().empty());
}

TEST_F(ApiServerTest, a_primary_without_a_store_is_answered_by_the_engine) {
  engine.publish(SnapshotBuilder::replica());
  start();
  const std::string body = R"({"name": "n1", "conn_url": "postgres://h/p", "api_url": "http://h/patroni",
                               "slots": {}, "tamada": {"episode": "7-1-2", "ttl": 20}})";
  on<FailsafeRequest>([](const FailsafeRequest&) { return OperatorReply{200, "Accepted"}; });
  auto reply = request("POST", "/failsafe", body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "Accepted");
  EXPECT_TRUE(reply.has_header("lsn: 83886080"));
  const auto asked = engine.requests<FailsafeRequest>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].question, (FailsafeQuestion{"n1", "postgres://h/p", "http://h/patroni", "7-1-2", 20s}));

  on<FailsafeRequest>([](const FailsafeRequest&) { return OperatorReply{500, "Running as a leader"}; });
  reply = request("POST", "/failsafe", body);
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "Running as a leader");
  EXPECT_FALSE(reply.has_header("lsn: 83886080"));
  on<FailsafeRequest>([](const FailsafeRequest&) { return OperatorReply{502, ""}; });
  EXPECT_EQ(request("POST", "/failsafe", body).status, 502);
  EXPECT_EQ(request("POST", "/failsafe", R"({"name": "n1"})").status, 400);
  EXPECT_EQ(engine.requests<FailsafeRequest>().size(), 3u) << "half a question is not asked";
}

TEST_F(ApiServerTest, failsafe_at_the_levels) {
  const std::string body = R"({"name": "n1", "conn_url": "c", "api_url": "u"})";
  on<FailsafeRequest>([](const FailsafeRequest&) { return OperatorReply{200, "Accepted"}; });
  auto b = SnapshotBuilder::replica();
  b.settings.compatibility = Compatibility::V3_0;
  engine.publish(b);
  start();
  EXPECT_FALSE(request("POST", "/failsafe", body).has_header("lsn: 83886080"));
  b.settings.compatibility = Compatibility::V1_5;
  engine.publish(b);
  EXPECT_EQ(request("POST", "/failsafe", body).status, 501);
}

TEST_F(ApiServerTest, the_failsafe_map_is_shown_also_when_the_view_is_too_old) {
  auto b = SnapshotBuilder::primary();
  b.settings.dynamic.failsafe_mode = true;
  b.has_view = false;
  b.snapshot.failsafe = {{"n1", "u"}};
  engine.publish(b);
  start();
  EXPECT_EQ(request("GET", "/failsafe").body, "{\"n1\": \"u\"}");
}

TEST_F(ApiServerTest, a_switchover_is_reported_as_soon_as_the_new_leader_is_known) {
  on<SwitchoverRequest>([this](const SwitchoverRequest&) {
    auto pending = SnapshotBuilder::primary();
    pending.view.failover = FailoverRequest{"n1", "n2", std::nullopt, false, 8};
    engine.publish(pending);
    return OperatorReply{200, ""};
  });
  start();
  auto reply = std::async(std::launch::async,
                          [this] { return request("POST", "/switchover", R"({"leader": "n1", "candidate": "n2"})"); });
  EXPECT_EQ(reply.wait_for(300ms), std::future_status::timeout) << "still open";
  auto done = SnapshotBuilder::replica();
  done.view.leader = LeaderEntry{{"n2", 20, "lease2"}, 21};
  engine.publish(done);
  ASSERT_EQ(reply.wait_for(1s), std::future_status::ready);
  const RawReply answer = reply.get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "Successfully switched over to \"n2\"");
  const auto requests = engine.requests<SwitchoverRequest>();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].leader, "n1");
}

TEST_F(ApiServerTest, an_old_snapshot_does_not_look_like_a_failure) {
  // After the write the snapshot still shows no request; only the fresh read does.
  std::atomic<bool> written = false;
  engine.behave([&](const OperatorRequest& r, const EngineFake::Done& done) {
    if (std::holds_alternative<SwitchoverRequest>(r)) {
      written = true;
    } else if (std::holds_alternative<LoadRequest>(r) && written) {
      auto b = SnapshotBuilder::primary();
      b.view.failover = FailoverRequest{"", "n2", std::nullopt, false, 8};
      engine.publish(b);
    }
    done({200, ""});
  });
  start();
  auto reply =
      std::async(std::launch::async, [this] { return request("POST", "/failover", R"({"candidate": "n2"})"); });
  EXPECT_EQ(reply.wait_for(300ms), std::future_status::timeout);
  engine.behave([](const OperatorRequest&, const EngineFake::Done& done) { done({200, ""}); });
  engine.publish(SnapshotBuilder::primary());  // the leader dropped the request
  EXPECT_EQ(reply.get().body, "Failover failed");
}

TEST_F(ApiServerTest, a_switchover_that_never_ends_is_unknown) {
  on<SwitchoverRequest>([this](const SwitchoverRequest&) {
    auto pending = SnapshotBuilder::primary();
    pending.view.failover = FailoverRequest{"n1", "n2", std::nullopt, false, 8};
    engine.publish(pending);
    return OperatorReply{200, ""};
  });
  start();
  auto reply = std::async(std::launch::async, [this] { return request("POST", "/switchover", R"({"leader": "n1"})"); });
  EXPECT_EQ(reply.wait_for(200ms), std::future_status::timeout);
  engine.set_now(SnapshotBuilder::now() + 21s);
  EXPECT_EQ(reply.get().body, "Switchover status unknown");
}

TEST_F(ApiServerTest, what_the_engine_refuses_is_passed_on) {
  on<SwitchoverRequest>([](const SwitchoverRequest&) { return OperatorReply{412, "candidate does not exists"}; });
  start();
  const auto reply = request("POST", "/switchover", R"({"leader": "n1", "candidate": "n9"})");
  EXPECT_EQ(reply.status, 412);
  EXPECT_EQ(reply.body, "candidate does not exists");
}

TEST_F(ApiServerTest, a_scheduled_switchover_is_accepted_and_can_be_deleted) {
  start();
  const auto accepted =
      request("POST", "/switchover", R"({"leader": "n1", "scheduled_at": "2999-01-01T10:00:00+00:00"})");
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "Switchover scheduled");
  EXPECT_EQ(request("DELETE", "/switchover").body, "no switchover is scheduled");
  auto b = SnapshotBuilder::primary();
  b.view.failover = FailoverRequest{"n1", "", WallTime(std::chrono::seconds(32472144000)), false, 11};
  engine.publish(b);
  EXPECT_EQ(request("DELETE", "/switchover").body, "scheduled switchover deleted");
  ASSERT_EQ(engine.requests<CancelSwitchoverRequest>().size(), 1u);
  EXPECT_EQ(engine.requests<CancelSwitchoverRequest>()[0].expected_revision, 11);
  on<CancelSwitchoverRequest>([](const CancelSwitchoverRequest&) { return OperatorReply{409, "Conflict"}; });
  EXPECT_EQ(request("DELETE", "/switchover").status, 409);
}

TEST_F(ApiServerTest, restart_passes_its_conditions_and_the_engines_answer) {
  on<RestartRequest>([](const RestartRequest& r) {
    return r.only_pending ? OperatorReply{503, "restart conditions are not satisfied"}
                          : OperatorReply{200, "restarted successfully"};
  });
  start();
  EXPECT_EQ(request("POST", "/restart").body, "restarted successfully");
  EXPECT_EQ(request("POST", "/restart", "").body, "restarted successfully");
  EXPECT_EQ(request("POST", "/restart", "{}").body, "restarted successfully");
  EXPECT_EQ(request("POST", "/restart", R"({"restart_pending": true})").status, 503);
  EXPECT_EQ(request("POST", "/restart", R"({"role": "x"})").status, 400);
  auto paused = SnapshotBuilder::primary();
  paused.snapshot.paused = true;
  engine.publish(paused);
  const auto refused = request("POST", "/restart", R"({"role": "x", "schedule": "2999-01-01T10:00:00+00:00"})");
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.body, "Can't schedule restart in the paused state");
}

TEST_F(ApiServerTest, a_restart_is_scheduled_and_deleted_by_the_engine) {
  on<ScheduleRestart>([](const ScheduleRestart&) { return OperatorReply{202, "Restart scheduled"}; });
  start();
  const auto accepted = request(
      "POST", "/restart",
      R"({"schedule": "2999-01-01T12:00:00+02:00", "role": "master", "postgres_version": "9.6.24", "timeout": "1min"})");
  EXPECT_EQ(accepted.status, 202);
  EXPECT_EQ(accepted.body, "Restart scheduled");
  ASSERT_EQ(engine.requests<ScheduleRestart>().size(), 1u);
  EXPECT_TRUE(engine.requests<RestartRequest>().empty());
  const ScheduledRestart asked = engine.requests<ScheduleRestart>()[0].restart;
  EXPECT_EQ(format_iso8601(asked.at, asked.offset_minutes), "2999-01-01T12:00:00+02:00");
  EXPECT_EQ(asked.request.role, "primary");
  EXPECT_EQ(asked.request.postgres_version, "9.6.24");
  EXPECT_EQ(asked.request.timeout, 60s);
  on<ScheduleRestart>(
      [](const ScheduleRestart&) { return OperatorReply{409, "Another restart is already scheduled"}; });
  const auto second = request("POST", "/restart", R"({"schedule": "2999-01-01T12:00:00Z"})");
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.body, "Another restart is already scheduled");
  on<CancelScheduledRestart>(
      [](const CancelScheduledRestart&) { return OperatorReply{200, "scheduled restart deleted"}; });
  EXPECT_EQ(request("DELETE", "/restart").body, "scheduled restart deleted");
  on<CancelScheduledRestart>(
      [](const CancelScheduledRestart&) { return OperatorReply{404, "no restarts are scheduled"}; });
  EXPECT_EQ(request("DELETE", "/restart").status, 404);
}

TEST_F(ApiServerTest, reinitialize_needs_another_member_as_leader) {
  on<ReinitializeRequest>([](const ReinitializeRequest& r) {
    return r.force ? OperatorReply{200, "reinitialize started"} : OperatorReply{503, "restart already in progress"};
  });
  start();
  EXPECT_EQ(request("POST", "/reinitialize").body, "I am the leader, can not reinitialize");
  engine.publish(SnapshotBuilder::replica());
  EXPECT_EQ(request("POST", "/reinitialize").body, "restart already in progress");
  EXPECT_EQ(request("POST", "/reinitialize", R"({"force": true})").body, "reinitialize started");
  auto unlocked = SnapshotBuilder::replica();
  unlocked.view.leader.reset();
  engine.publish(unlocked);
  const auto refused = request("POST", "/reinitialize");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "Cluster has no leader, can not reinitialize");
}

TEST_F(ApiServerTest, reload_is_handed_on_and_sigterm_does_nothing) {
  start();
  const auto reload = request("POST", "/reload", "ignored");
  EXPECT_EQ(reload.status, 202);
  EXPECT_EQ(reload.body, "reload scheduled");
  EXPECT_EQ(request("POST", "/sigterm").body, "shutdown scheduled");
  EXPECT_EQ(engine.requests<ReloadRequest>().size(), 1u);
  EXPECT_TRUE(engine.requests<ShutdownRequest>().empty());
}

TEST_F(ApiServerTest, protected_calls_need_credentials_and_health_does_not) {
  auto s = settings();
  s.username = "admin";
  s.password = "secret";
  start(s);
  const auto refused = request("POST", "/reload", "");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has_header("WWW-Authenticate: Basic realm=\"Patroni\""));
  EXPECT_EQ(request("PATCH", "/config").status, 401) << "before the body is looked at";
  EXPECT_EQ(request("POST", "/reload", "", "Authorization: Basic YWRtaW46c2VjcmV0\r\n").status, 202);
  EXPECT_EQ(request("GET", "/primary").status, 200);
}

TEST_F(ApiServerTest, members_may_write_by_default_and_names_in_the_allowlist_are_resolved) {
  auto s = settings();
  s.allowlist = {"localhost"};
  start(s);
  EXPECT_EQ(request("POST", "/reload", "").status, 202);
  s.allowlist = {"192.0.2.0/24", "no-such-host.invalid"};
  ASSERT_TRUE(server.reload(s));
  client.emplace(server.port());
  EXPECT_EQ(request("POST", "/reload", "").status, 403);
  s.allowlist_include_members = true;  // n1's api_url is at 127.0.0.1
  ASSERT_TRUE(server.reload(s));
  EXPECT_EQ(request("POST", "/reload", "").status, 202);
}

TEST_F(ApiServerTest, extra_headers_are_added) {
  auto s = settings();
  s.http_extra_headers = {{"X-Frame-Options", "DENY"}};
  s.server_tokens = "Minimal";
  start(s);
  EXPECT_TRUE(request("GET", "/primary").has_header("Server: Tamada/0.1.0"));
  EXPECT_TRUE(request("GET", "/primary").has_header("X-Frame-Options: DENY"));
  EXPECT_TRUE(request("POST", "/none", "").has_header("X-Frame-Options: DENY"));
}

TEST_F(ApiServerTest, bad_settings_are_refused_and_leave_everything_as_it_was) {
  start();
  auto s = settings();
  s.listen = "nonsense";
  EXPECT_EQ(server.reload(s).error().message,
            "Invalid \"restapi\" config: expected <HOST>:<PORT>, but got \"nonsense\" for \"listen\"");
  s = settings();
  s.certfile = "/does/not/exist";
  EXPECT_FALSE(server.reload(s));
  EXPECT_EQ(request("GET", "/primary").status, 200);
  EXPECT_EQ(RawHttpClient(server.port()).get("/primary")->status, 200);
}

TEST_F(ApiServerTest, tls_can_be_switched_on_by_a_reload) {
  test::TestCertificates files;
  start();
  auto s = settings();
  s.certfile = files.path("server.crt");
  s.keyfile = files.path("server.key");
  s.cafile = files.path("ca.crt");
  s.verify_client = RestApiSettings::VerifyClient::Optional;
  s.https_extra_headers = {{"Strict-Transport-Security", "max-age=1"}};
  ASSERT_TRUE(server.reload(s));
  const std::string url = fmt::format("https://127.0.0.1:{}", server.port());
  const auto curl = [&](const std::string& rest) {
    return files.output_of("curl -sS --max-time 10 --cacert ca.crt " + rest);
  };
  EXPECT_NE(curl("-i " + url + "/primary").find("Strict-Transport-Security: max-age=1"), std::string::npos);
  EXPECT_EQ(curl("-X POST " + url + "/reload"), "client certificate required");
  EXPECT_EQ(curl("-X POST --cert client.crt --key client.key " + url + "/reload"), "reload scheduled");
}

TEST_F(ApiServerTest, a_stop_answers_those_who_wait) {
  on<SwitchoverRequest>([this](const SwitchoverRequest&) {
    auto pending = SnapshotBuilder::primary();
    pending.view.failover = FailoverRequest{"n1", "n2", std::nullopt, false, 8};
    engine.publish(pending);
    return OperatorReply{200, ""};
  });
  start();
  auto reply = std::async(std::launch::async, [this] { return request("POST", "/switchover", R"({"leader": "n1"})"); });
  EXPECT_EQ(reply.wait_for(200ms), std::future_status::timeout);
  const auto began = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms);
  EXPECT_EQ(reply.get().status, 503);
  server.stop();
}

TEST_F(ApiServerTest, requests_are_in_the_debug_log) {
  start();
  request("GET", "/primary?x=1");
  EXPECT_TRUE(log.contains("API thread: 127.0.0.1 - - \"GET /primary?x=1 HTTP/1.1\" 200 - latency: "));
}

std::shared_ptr<const EventHistory> events(int count) {
  auto history = std::make_shared<EventHistory>();
  history->run = "abc";
  for (int i = 1; i <= count; ++i) {
    history->events.push_back(std::make_shared<const MemberEvent>(
        MemberEvent{static_cast<std::uint64_t>(i), {}, "role", {{"text", "change " + std::to_string(i)}}}));
  }
  return history;
}

TEST_F(ApiServerTest, events_begin_with_the_present_and_go_on_as_they_happen) {
  auto now = SnapshotBuilder::primary();
  now.snapshot.events = events(2);
  engine.publish(now);
  start();
  client->send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto first = client->read_through("event: now");
  ASSERT_TRUE(first);
  EXPECT_NE(first->find("Content-Type: text/event-stream\r\n"), std::string::npos) << *first;
  EXPECT_NE(first->find("id: abc-2\n"), std::string::npos);
  now.snapshot.events = events(3);
  engine.publish(now);
  const auto next = client->read_through("change 3");
  ASSERT_TRUE(next);
  EXPECT_EQ(next->find("change 2"), std::string::npos) << "what was before is not told";
}

TEST_F(ApiServerTest, events_are_resumed_from_the_last_one_that_was_read) {
  auto now = SnapshotBuilder::primary();
  now.snapshot.events = events(5);
  engine.publish(now);
  start();
  // The header is the browser's own and newer than the address that it was once given.
  for (const char* place : {"/events HTTP/1.1\r\nLast-Event-ID: abc-3", "/events?after=abc-3 HTTP/1.1",
                            "/events?after=abc-1 HTTP/1.1\r\nLast-Event-ID: abc-3"}) {
    RawHttpClient listener(server.port());
    listener.send(fmt::format("GET {}\r\nHost: x\r\n\r\n", place));
    const auto told = listener.read_through("change 5");
    ASSERT_TRUE(told) << place;
    EXPECT_NE(told->find("change 4"), std::string::npos) << place;
    EXPECT_EQ(told->find("change 3"), std::string::npos) << place;
    EXPECT_EQ(told->find("event: now"), std::string::npos) << place;
  }
}

TEST_F(ApiServerTest, listeners_are_limited_and_others_are_answered) {
  start();
  std::vector<std::unique_ptr<RawHttpClient>> listeners;
  for (int i = 0; i < EventStream::kMostListeners; ++i) {
    listeners.push_back(std::make_unique<RawHttpClient>(server.port()));
    listeners.back()->send("GET /events HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(listeners.back()->read_through("event: now"));
  }
  const RawReply refused = request("GET", "/events");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.body, "too many listeners");
  EXPECT_EQ(request("GET", "/primary").status, 200);
  EXPECT_EQ(request("HEAD", "/events").status, 200);
}

TEST_F(ApiServerTest, event_streams_end_at_the_stop) {
  start();
  client->send("GET /events HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(client->read_through("event: now"));
  const auto began = std::chrono::steady_clock::now();
  server.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1500ms);
  EXPECT_TRUE(client->read_through("0\r\n\r\n")) << "an orderly end";
}

TEST_F(ApiServerTest, the_past_is_explained_and_what_is_not_kept_is_refused) {
  auto now = SnapshotBuilder::primary();
  DecisionRing ring;
  PastDecision past;
  past.rule = "NL-09";
  ring.note(past, {}, WallTime(1s));
  now.snapshot.decisions = ring.shown();
  engine.publish(now);
  start();
  EXPECT_NE(request("GET", "/explain?past=1").body.find("NL-09"), std::string::npos);
  EXPECT_NE(request("GET", "/explain?past=list").body.find("NL-09"), std::string::npos);
  EXPECT_EQ(request("GET", "/explain").body.find("NL-09"), std::string::npos);
  EXPECT_EQ(request("GET", "/explain?past=2").status, 404);
  EXPECT_EQ(request("GET", "/explain?past=x").status, 400);
}

}  // namespace
}  // namespace tamada
