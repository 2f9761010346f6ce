#pragma once

// hark fleet: who may work for the coordinator of a store. All of them work beside a running scan,
// which follows within seconds (coordinator/fleet_gate.h).

#include <string>
#include <vector>

namespace hark {

int RunFleetKeygen(const std::vector<std::string>& args);
int RunFleetInvite(const std::vector<std::string>& args);
int RunFleetAllow(const std::vector<std::string>& args);
int RunFleetRevoke(const std::vector<std::string>& args);
int RunFleetDrain(const std::vector<std::string>& args);
int RunFleetList(const std::vector<std::string>& args);

}  // namespace hark
