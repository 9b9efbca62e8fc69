#include "ports/store.h"

namespace tamada {

std::string_view path_of(StoreKey key) {
  switch (key) {
    case StoreKey::Initialize:
      return "initialize";
    case StoreKey::Config:
      return "config";
    case StoreKey::Status:
      return "status";
    case StoreKey::OptimeLeader:
      return "optime/leader";
    case StoreKey::Failover:
      return "failover";
    case StoreKey::Sync:
      return "sync";
    case StoreKey::History:
      return "history";
    case StoreKey::Failsafe:
      return "failsafe";
    case StoreKey::Timeline:
      return "timeline";
  }
  return "";
}

}  // namespace tamada
