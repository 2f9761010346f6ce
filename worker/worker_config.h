#pragma once

// What an operator tells a worker: a file of `key = value` lines ('#' begins a comment). Keys are
// the fields below; each but secret_key can be overridden by a flag of the same name.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "worker/engine/source.h"

namespace hark {

struct WorkerConfig {
  std::string coordinator;            // tcp://host:port or ipc://path
  std::string server_public_key;      // Z85, 40 characters
  std::string public_key;             // own
  std::string secret_key;             // own; only from a file of mode 0600
  std::string key_file;               // has public_key and secret_key, as --keygen writes it
  std::string join_file;              // has the token to join with; enrolment.h
  std::string joined_with;            // the invite's public key; only in the identity file
  std::string name;                   // for people; default the host's name
  std::string state_dir;              // spool and target sets live here
  uint32_t max_parallel = 1000;       // sockets open at once
  uint32_t threads = 1;               // that talk to hosts; 1 = everything in one
  uint32_t max_pps = 0;               // connection attempts a second, 0 = no limit of its own
  uint64_t spool_quota_mb = 256;      // unacknowledged batches; beyond it probing stops
  uint32_t drain_seconds = 20;        // how long SIGTERM waits for hosts being visited
  std::string source_address;         // to probe from: IPv4, IPv6 or both; "" = the kernel chooses
  std::string source_ports;           // "LO-HI" to probe from, "" = the kernel chooses
  std::string discover = "auto";      // syn, connect, or auto: syn where it is permitted
  std::string bandwidth;              // bits a second we send at most: "10M", "" = no ceiling
  std::string interface;              // SYNs leave by, "" = as the routes say
  std::string syn_ports;              // "LO-HI" that SYNs leave from, "" = 40 free ones
  std::string region;                 // where it stands, for run selectors; at most 64 bytes
  std::string provider;               // with whom; the same
  std::string check_25;               // ADDRESS:PORT that port 25 is tried on; "" = not tried
  std::string contact;                // used when the run names none
  std::string ehlo_name;              // used when the run names none; "" = own_name.h decides
  std::string log_level = "warning";  // debug, info, warning or error
  std::string log_format = "text";    // text or json (docs/logs.md)
};

// Reads the file into config. kInvalidInput names file and line.
Status LoadWorkerConfig(const std::string& path, WorkerConfig* config);
// One key; "secret_key" too. The message does not repeat the value.
Status SetWorkerConfig(std::string_view key, std::string_view value, WorkerConfig* config);
// Reads key_file if there is one, fills defaults, says what is missing or wrong.
Status FinishWorkerConfig(WorkerConfig* config);

// Everything but the keys and the coordinator.
Status CheckOwnWords(const WorkerConfig& config);

// Where connections come from, as the two source_ keys say.
Result<Source> SourceOf(const WorkerConfig& config);

// Bits a second; 0 = no ceiling. Number and K, M or G, or none.
Result<double> ParseBandwidth(std::string_view text);
// "LO-HI", of at least 1024.
Status ReadPortRange(std::string_view text, const char* name, uint16_t* first, uint16_t* last);

// Refuses a file of secrets that others than its owner may read. A pipe is its reader's.
Status CheckSecrecy(const std::string& path);

// This machine's name, for workers without one.
std::string DefaultWorkerName();

// Writes a new key pair to path (0600, must not exist) and returns the public key.
Result<std::string> WriteNewKeyFile(const std::string& path);

}  // namespace hark
