// The REST API over a still snapshot, to be measured with wrk:
//   bench_rest_server 8008 [certificate key] &   wrk -t1 -c32 -d5s --latency http://127.0.0.1:8008/primary
// Ends at the end of its standard input.
#include <cstdio>
#include <cstdlib>

#include "api/api_server.h"
#include "support/engine_fake.h"

namespace {

class WarningSink final : public tamada::LogSink {
 public:
  bool enabled(tamada::LogLevel level, std::string_view) const override { return level >= tamada::LogLevel::Warning; }
  void write(tamada::LogLevel, std::string_view, std::string text) override {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) {
    std::fprintf(stderr, "usage: %s PORT [CERTIFICATE KEY]\n", argv[0]);
    return 2;
  }
  tamada::test::EngineFake engine;
  engine.publish(tamada::test::SnapshotBuilder::primary());
  WarningSink sink;
  tamada::ApiServer server(engine, tamada::Logger(sink, "api"));
  tamada::RestApiSettings settings;
  settings.listen = std::string("127.0.0.1:") + argv[1];
  settings.request_queue_size = 128;
  if (argc == 4) {
    settings.certfile = argv[2];
    settings.keyfile = argv[3];
  }
  auto started = server.start(settings);
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().text().c_str());
    return 1;
  }
  while (std::getchar() != EOF) {
  }
  return 0;
}
