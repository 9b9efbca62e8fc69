#include <gtest/gtest.h>

#include "model/postgres_status.h"
#include "model/settings.h"

namespace tamada {
namespace {

TEST(Settings, the_key_prefix_has_one_slash_between_its_parts) {
  Settings settings;
  settings.scope = "batman";
  for (const char* spelling : {"service", "/service", "/service/", "//service//"}) {
    settings.namespace_ = spelling;
    EXPECT_EQ(settings.key_prefix(), "/service/batman/") << spelling;
  }
}

TEST(Settings, the_api_address_is_the_advertised_one_else_what_is_listened_on) {
  Settings settings;
  settings.restapi.listen = "10.0.0.1:8008";
  EXPECT_EQ(settings.api_url(), "http://10.0.0.1:8008/patroni");
  settings.restapi.connect_address = "node1:8009";
  settings.restapi.certfile = "/etc/tls.crt";
  EXPECT_EQ(settings.api_url(), "https://node1:8009/patroni");
}

TEST(Settings, the_connection_address_is_the_advertised_one_else_the_first_listen_address) {
  Settings settings;
  settings.postgresql.listen_addresses = "10.0.0.1,127.0.0.1";
  settings.postgresql.port = 5433;
  EXPECT_EQ(settings.conn_url(), "postgres://10.0.0.1:5433/postgres");
  settings.postgresql.listen_addresses = "fd00::1";
  EXPECT_EQ(settings.conn_url(), "postgres://[fd00::1]:5433/postgres");
  settings.postgresql.connect_address = "db1:6000";
  settings.postgresql.database = "app";
  EXPECT_EQ(settings.conn_url(), "postgres://db1:6000/app");
}

TEST(PostgresStatus, prints_what_is_known_on_one_line) {
  PostgresStatus status;
  EXPECT_EQ(status.one_line(), "data_dir=unknown process=unknown accepting=unknown");
  status.data_dir = DataDirState::Present;
  status.process = ProcessState::Running;
  status.postmaster = PostmasterId{4711, 12};
  status.accepting = Accepting::Yes;
  status.row = StatusRow{};
  status.row->timeline = Timeline{3};
  status.row->write_lsn = Lsn{0x3000060};
  EXPECT_EQ(status.one_line(),
            "data_dir=present process=running pid=4711 accepting=yes row=(primary tl=3 write=0/3000060)");
}

}  // namespace
}  // namespace tamada
