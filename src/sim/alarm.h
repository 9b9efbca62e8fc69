// An alarm of a simulated host's clock.
#pragma once

#include <functional>
#include <memory>

#include <boost/intrusive/list.hpp>

#include "ports/clock.h"

namespace tamada::sim {

class SimProcess;

class SimAlarm final
    : public Alarm,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  SimAlarm(SimProcess& process, Instant when, std::function<void()> then);
  void set();  // also when the host's clock has changed

 private:
  void look();
  SimProcess& process_;
  Instant when_;
  std::function<void()> then_;
  bool due_ = false;
  std::shared_ptr<SimAlarm*> self_;  // what the world holds must not find a destroyed alarm
};

using SimAlarms = boost::intrusive::list<SimAlarm, boost::intrusive::constant_time_size<false>>;

}  // namespace tamada::sim
