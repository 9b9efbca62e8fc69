// Sessions, clones and rewinds over TLS: the server takes nothing else, and asks for the client's certificate.
#include <fstream>

#include <gtest/gtest.h>

#include "contract/postgres/test_server.h"
#include "support/test_certificates.h"

namespace tamada::test {
namespace {

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    certificates.encrypt_key("client", "key-word");
    server.settings.bootstrap.pg_hba.clear();
    server.apply_settings();
    auto made = world.run(server.data->initdb(world.in(60s)));
    ASSERT_TRUE(made) << made.error().text();
    const std::string& data = server.settings.postgresql.data_dir;
    std::ofstream(data + "/postgresql.conf", std::ios::app)
        << "\nssl = on\nssl_cert_file = '" << certificates.path("server.crt") << "'\nssl_key_file = '"
        << certificates.path("server.key") << "'\nssl_ca_file = '" << certificates.path("ca.crt") << "'\n";
    std::ofstream(data + "/pg_hba.conf")
        << "local all all trust\nhostssl all all all scram-sha-256 clientcert=verify-ca\n"
           "hostssl replication all all scram-sha-256 clientcert=verify-ca\n";
    for (auto* who : {&server.settings.postgresql.superuser, &server.settings.postgresql.replication,
                      &server.settings.postgresql.rewind}) {
      use_certificates(*who);
    }
    server.apply_settings();
    server.start();
  }

  void use_certificates(Credentials& who) {
    who["sslmode"] = "verify-full";
    who["sslrootcert"] = certificates.path("ca.crt");
    who["sslcert"] = certificates.path("client.crt");
    who["sslkey"] = certificates.path("client.key");
  }

  void make_roles() {
    // initdb gave the superuser its password; the roles are made in a session over TLS.
    auto prepared = world.run(server.sql_port->post_bootstrap(world.in(60s)));
    ASSERT_TRUE(prepared) << prepared.error().text();
  }

  Result<PgAnswer> ask(const Settings& settings) {
    PgConnection connection(world.pg);
    auto opened = world.run(connection.open(local_session_options(settings, "test"), world.in(5s)));
    if (!opened) return opened.error();
    return world.run(
        connection.query("SELECT ssl, client_serial IS NOT NULL, inet_client_addr() IS NOT NULL FROM pg_stat_ssl"
                         " WHERE pid = pg_backend_pid()",
                         world.in(5s)));
  }

  World world;
  TestCertificates certificates;
  TestServer server{world, "n1"};
};

TEST_F(Tls, sessions_verify_the_server_and_show_their_certificate) {
  auto answer = ask(server.settings);
  ASSERT_TRUE(answer) << answer.error().text();
  for (std::size_t column = 0; column < 3; ++column) EXPECT_EQ(answer->value(0, column), "t") << column;
  EXPECT_FALSE(server.row().in_recovery);

  Settings encrypted = server.settings;
  encrypted.postgresql.superuser["sslkey"] = certificates.path("client.enc.key");
  std::filesystem::permissions(certificates.path("client.enc.key"), std::filesystem::perms(0600));
  encrypted.postgresql.superuser["sslpassword"] = "key-word";
  answer = ask(encrypted);
  EXPECT_TRUE(answer) << answer.error().text();
}

TEST_F(Tls, what_cannot_be_verified_is_refused_with_the_reason) {
  TestCertificates others;
  Settings settings = server.settings;
  settings.postgresql.superuser["sslrootcert"] = others.path("ca.crt");
  auto answer = ask(settings);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text().find("certificate verify failed"), std::string::npos) << answer.error().text();

  settings = server.settings;
  settings.postgresql.superuser["sslmode"] = "disable";
  answer = ask(settings);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text().find("no encryption"), std::string::npos) << answer.error().text();

  settings = server.settings;
  settings.postgresql.superuser["sslrootcert"] = certificates.path("missing.crt");
  answer = ask(settings);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().text().find("missing.crt"), std::string::npos) << answer.error().text();
}

TEST_F(Tls, clone_comparison_and_rewind_go_over_it) {
  make_roles();
  if (HasFatalFailure()) return;
  TestServer standby(world, "n2");
  for (auto* who : {&standby.settings.postgresql.superuser, &standby.settings.postgresql.replication,
                    &standby.settings.postgresql.rewind}) {
    use_certificates(*who);
  }
  standby.apply_settings();
  CloneSource source{"n1", "127.0.0.1", server.settings.postgresql.port};
  auto made = world.run(standby.data->clone(source, false, world.in(60s)));
  ASSERT_TRUE(made) << made.error().text();
  standby.start();  // without a standby.signal: a cluster of its own, on timeline 1
  ASSERT_FALSE(standby.row().in_recovery);
  standby.sql("CREATE TABLE public.lost (i int)");
  standby.stop("fast");

  server.stop("fast");
  std::ofstream(server.settings.postgresql.data_dir + "/standby.signal");
  std::ofstream(server.settings.postgresql.data_dir + "/postgresql.conf", std::ios::app)
      << "\nrestore_command = 'false'\n";
  server.start_as_it_is();
  server.promote();
  server.wait_for([](const StatusRow& row) { return !row.in_recovery && row.timeline.id == 2; });
  ASSERT_TRUE(world.run(server.sql_port->checkpoint(world.in(60s))));
  auto compared = world.run(standby.data->compare_timelines(server.member(), standby.status(), world.in(10s)));
  EXPECT_EQ(compared.verdict, TimelineComparison::Verdict::Diverged) << compared.because;
  auto rewound = world.run(standby.data->rewind(server.member(), world.in(60s)));
  EXPECT_TRUE(rewound) << rewound.error().text();
}

}  // namespace
}  // namespace tamada::test
