// The store contract over the simulated etcd, through the real client.
#include "contract/store_contract.h"

#include "sim/clock.h"
#include "sim/etcd_transport.h"
#include "store/etcd3/etcd3_store.h"

namespace tamada::sim {
namespace {

struct Quiet final : LogSink {
  bool enabled(LogLevel, std::string_view) const override { return false; }
  void write(LogLevel, std::string_view, std::string) override {}
};

class SimStoreUnderTest final : public StoreUnderTest {
 public:
  SimStoreUnderTest() : world_(7) {
    const int host = world_.add_host("n1");
    std::vector<int> nodes{world_.add_host("e1"), world_.add_host("e2"), world_.add_host("e3")};
    etcd_ = std::make_unique<SimEtcd>(world_, nodes);
    process_ = std::make_unique<SimProcess>(world_, host, "client");
    clock_ = std::make_shared<SimClock>(*process_);
    transport_ = std::make_shared<SimTransport>(*process_, *etcd_);
    process_->own(clock_);
    process_->own(transport_);
  }

  Store& store(const std::string& member) override {
    auto& entry = stores_[member];
    if (entry == nullptr) {
      EtcdConfig config;
      config.hosts = {"e1:2379", "e2:2379", "e3:2379"};
      config.key_prefix = "/service/contract/";
      config.member_name = member.substr(0, member.find('#'));
      auto made = std::make_shared<Etcd3Store>(process_->executor(), *clock_, *transport_, config, nullptr,
                                               Logger(quiet_, member));
      process_->own(made);
      entry = made.get();
    }
    return *entry;
  }
  Clock& clock() override { return *clock_; }
  Executor executor() override { return process_->executor(); }
  void run(Task<void> body) override {
    bool done = false;
    auto wrapped = [](Task<void> inner, bool* done) -> Task<void> {
      co_await std::move(inner);
      *done = true;
    };
    process_->spawn(wrapped(std::move(body), &done));
    EXPECT_TRUE(world_.run_until(world_.now() + 5min, [&] { return done; })) << "the body did not end in five minutes";
  }

 private:
  Quiet quiet_;
  SimWorld world_;
  std::unique_ptr<SimEtcd> etcd_;
  std::unique_ptr<SimProcess> process_;
  std::shared_ptr<SimClock> clock_;
  std::shared_ptr<SimTransport> transport_;
  std::map<std::string, Store*> stores_;
};

}  // namespace
}  // namespace tamada::sim

namespace tamada {
INSTANTIATE_TEST_SUITE_P(
    SimEtcd, StoreContract,
    ::testing::Values(StoreContractParam{
        "sim_etcd", [] { return std::unique_ptr<StoreUnderTest>(std::make_unique<sim::SimStoreUnderTest>()); }}),
    contract_name);
}  // namespace tamada
