// A stand-in for graphics cards that allocates as CUDA does and computes nothing, and a program that asks llama.cpp for its plan on it.
//
// Reads settings from standard input, one a line as `key=value` pairs between tabs, and answers each with one line of JSON: bytes of
// weights, cache and compute buffer on each device and on the host. With rooms=1 each answer is followed by what the allocator made
// room for in the last reserved pass (needs a ggml whose allocator logs, see print.py). With allocate=1 buffers are really made, as when
// a model runs: what the engine has pinned to a place stays there, which its plan without buffers forgets (a cache in RAM without flash
// attention: scores on the host instead of the card; norms of a second card).
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "ggml-backend-impl.h"
#include "ggml-impl.h"
#include "llama-ext.h"
#include "llama.h"
#ifdef WITH_TOWERS
#include "clip.h"
#endif

namespace {

const int MOST = 8;
const size_t ALIGNMENT = 128;      // ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alignment
const int64_t ROW_PADDING = 512;   // ggml-cuda/common.cuh, MATRIX_ROW_PADDING
const int64_t OFFLOADED_ROWS = 32; // ggml-cuda.cu, op_offload_min_batch_size

ggml_backend_buffer_type types[MOST];
ggml_backend_device devices[MOST];
ggml_backend_reg registry;
std::string names[MOST];
size_t free_bytes = (size_t) 1 << 42;
size_t taken[MOST] = {};           // bytes of all buffers of a device that are there now
bool hints = false;

size_t padded(size_t size, size_t to) { return (size + to - 1) / to * to; }

// ggml-cuda/fattn-common.cuh, ggml_cuda_flash_attn_ext_get_f16_extra_data: kernels that need 16-bit keys and values.
size_t attention_bytes(const ggml_tensor * t) {
    const ggml_tensor * k = t->src[1], * v = t->src[2];
    size_t end = ggml_nbytes(t);
    const bool same = v->view_src && (v->view_src == k || (v->view_src == k->view_src && v->view_offs == k->view_offs));
    if (k->type != GGML_TYPE_F16) { end = padded(end, 128) + ggml_nelements(k) * 2; }
    if (v->type != GGML_TYPE_F16 && !same) { end = padded(end, 128) + ggml_nelements(v) * 2; }
    return end;
}

// ggml-cuda.cu, ggml_backend_cuda_buffer_type_get_alloc_size
size_t alloc_size(ggml_backend_buffer_type_t, const ggml_tensor * t) {
    size_t size = t->op == GGML_OP_FLASH_ATTN_EXT ? attention_bytes(t) : ggml_nbytes(t);
    if (ggml_is_quantized(t->type) && t->ne[0] % ROW_PADDING != 0) {
        size += ggml_row_size(t->type, ROW_PADDING - t->ne[0] % ROW_PADDING);
    }
    return size;
}

struct room { void * base; size_t size; size_t * taken; size_t asked; };

void free_room(ggml_backend_buffer_t b) {
    room * r = (room *) b->context;
    munmap(r->base, r->size);
    *r->taken -= r->asked;
    delete r;
}
void * base_of(ggml_backend_buffer_t b) { return ((room *) b->context)->base; }
ggml_status no_init(ggml_backend_buffer_t, ggml_tensor *) { return GGML_STATUS_SUCCESS; }
void no_memset(ggml_backend_buffer_t, ggml_tensor *, uint8_t, size_t, size_t) {}
void no_set(ggml_backend_buffer_t, ggml_tensor *, const void *, size_t, size_t) {}
void no_get(ggml_backend_buffer_t, const ggml_tensor *, void *, size_t, size_t) {}
void no_clear(ggml_backend_buffer_t, uint8_t) {}

// Addresses without memory behind them.
ggml_backend_buffer_t reserve(ggml_backend_buffer_type_t type, size_t size) {
    room * r = new room{nullptr, size + 4096, &taken[type->device - devices], size};
    r->base = mmap(nullptr, r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r->base == MAP_FAILED) { delete r; return nullptr; }
    *r->taken += size;
    ggml_backend_buffer_i face = {};
    face.free_buffer = free_room;
    face.get_base = base_of;
    face.init_tensor = no_init;
    face.memset_tensor = no_memset;
    face.set_tensor = no_set;
    face.get_tensor = no_get;
    face.clear = no_clear;
    return ggml_backend_buffer_init(type, face, r, size);
}

int number(ggml_backend_dev_t d) { return (int) (d - devices); }
const char * type_name(ggml_backend_buffer_type_t t) { return names[number(t->device)].c_str(); }
size_t alignment(ggml_backend_buffer_type_t) { return ALIGNMENT; }
const char * device_name(ggml_backend_dev_t d) { return names[number(d)].c_str(); }
void device_memory(ggml_backend_dev_t, size_t * free, size_t * total) { *free = free_bytes; *total = free_bytes; }
enum ggml_backend_dev_type device_type(ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_GPU; }
ggml_backend_buffer_type_t device_buffer(ggml_backend_dev_t d) { return &types[number(d)]; }
bool supports_op(ggml_backend_dev_t, const ggml_tensor *) { return true; }
bool supports_type(ggml_backend_dev_t d, ggml_backend_buffer_type_t t) { return t == &types[number(d)]; }

void device_props(ggml_backend_dev_t d, ggml_backend_dev_props * p) {
    memset(p, 0, sizeof(*p));
    p->name = device_name(d);
    p->description = p->name;
    p->type = GGML_BACKEND_DEVICE_TYPE_GPU;
    device_memory(d, &p->memory_free, &p->memory_total);
    p->caps.async = true;
    p->caps.events = true;
}

// ggml-cuda.cu, get_op_batch_size
bool offload_op(ggml_backend_dev_t, const ggml_tensor * op) {
    int64_t rows = ggml_nrows(op);
    switch (op->op) {
        case GGML_OP_GET_ROWS: rows = 0; break;
        case GGML_OP_MUL_MAT: rows = op->ne[1]; break;
        case GGML_OP_MUL_MAT_ID:
        case GGML_OP_ROPE:
        case GGML_OP_ROPE_BACK: rows = op->ne[2]; break;
        default: break;
    }
    return rows >= OFFLOADED_ROWS;
}

const char * backend_name(ggml_backend_t b) { return device_name(b->device); }
void free_backend(ggml_backend_t b) { delete b; }
void nothing(ggml_backend_t) {}
ggml_status no_compute(ggml_backend_t, ggml_cgraph *) { return GGML_STATUS_SUCCESS; }
void no_record(ggml_backend_t, ggml_backend_event_t) {}
ggml_backend_event_t new_event(ggml_backend_dev_t d) { return new ggml_backend_event{d, nullptr}; }
void free_event(ggml_backend_dev_t, ggml_backend_event_t e) { delete e; }
void no_sync(ggml_backend_dev_t, ggml_backend_event_t) {}

bool is_view(const ggml_tensor * t) {
    return t->op == GGML_OP_VIEW || t->op == GGML_OP_RESHAPE || t->op == GGML_OP_PERMUTE || t->op == GGML_OP_TRANSPOSE || t->op == GGML_OP_NONE;
}

// What ggml_backend_cuda_graph_optimize asks to be kept for mixtures: experts' outputs and their weights until the weighted sum, and
// all of the router until the choice is made. A reading of that function by shape, not the function itself.
void optimize(ggml_backend_t, ggml_cgraph * g, ggml_backend_graph_optimize_params * p) {
    if (!hints) { return; }
    for (int i = 0; i < g->n_nodes; i++) {
        ggml_tensor * m = g->nodes[i];
        if (m->op == GGML_OP_MUL && m->src[0]->op == GGML_OP_MUL_MAT_ID && m->src[1]->ne[0] == 1 && m->ne[1] > 1) {
            ggml_tensor * last = nullptr;
            for (int j = i + 1; j < g->n_nodes; j++) {
                ggml_tensor * n = g->nodes[j];
                if (n->op == GGML_OP_VIEW) { continue; }
                if (n->op != GGML_OP_ADD) { break; }
                last = n;
            }
            if (last) {
                p->add_alloc_dep(p->user_data, m->src[0], last);
                p->add_alloc_dep(p->user_data, m->src[1], last);
            }
        }
    }
}

ggml_backend_t new_backend(ggml_backend_dev_t d, const char *) {
    static ggml_guid guid = {0x73, 0x74, 0x61, 0x6e, 0x64, 0x2d, 0x69, 0x6e};
    ggml_backend_i face = {};
    face.get_name = backend_name;
    face.free = free_backend;
    face.synchronize = nothing;
    face.graph_compute = no_compute;
    face.event_record = no_record;
    face.event_wait = no_record;
    face.graph_optimize = optimize;
    return new ggml_backend{&guid, face, d, nullptr};
}

int device_count = 1;
const char * registry_name(ggml_backend_reg_t) { return "stand-in"; }
size_t registry_count(ggml_backend_reg_t) { return MOST; }
ggml_backend_dev_t registry_device(ggml_backend_reg_t, size_t i) { return &devices[i]; }
void * registry_address(ggml_backend_reg_t, const char *) { return nullptr; }

void make_devices() {
    registry.api_version = GGML_BACKEND_API_VERSION;
    registry.iface = {registry_name, registry_count, registry_device, registry_address};
    for (int i = 0; i < MOST; i++) {
        names[i] = "GPU" + std::to_string(i);
        ggml_backend_device_i face = {};
        face.get_name = device_name;
        face.get_description = device_name;
        face.get_memory = device_memory;
        face.get_type = device_type;
        face.get_props = device_props;
        face.init_backend = new_backend;
        face.get_buffer_type = device_buffer;
        face.supports_op = supports_op;
        face.supports_buft = supports_type;
        face.offload_op = offload_op;
        face.event_new = new_event;
        face.event_free = free_event;
        face.event_synchronize = no_sync;
        devices[i] = {face, &registry, nullptr};
        ggml_backend_buffer_type_i type = {};
        type.get_name = type_name;
        type.alloc_buffer = reserve;
        type.get_alignment = alignment;
        type.get_alloc_size = alloc_size;
        types[i] = {type, &devices[i], nullptr};
    }
}

std::vector<std::string> rooms;
bool want_rooms = false;
std::string last_error;

void log(ggml_log_level level, const char * text, void *) {
    static std::string line;
    line += text;
    if (line.empty() || line.back() != '\n') { return; }
    if (level >= GGML_LOG_LEVEL_ERROR) { last_error = line; }
    if (want_rooms) {
        const char * made = strstr(line.c_str(), "allocating ");
        if (made && strstr(line.c_str(), "ggml_dyn_tallocr_alloc")) { rooms.push_back(std::string(made + 11)); }
    }
    if (getenv("VERBOSE")) { fputs(line.c_str(), stderr); }
    line.clear();
}

std::vector<std::string> split(const std::string & text, char at) {
    std::vector<std::string> parts;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, at);) { parts.push_back(part); }
    return parts;
}

ggml_type type_of(const std::string & name) {
    for (int i = 0; i < GGML_TYPE_COUNT; i++) {
        if (ggml_type_name((ggml_type) i) && name == ggml_type_name((ggml_type) i)) { return (ggml_type) i; }
    }
    return GGML_TYPE_F16;
}

#ifdef WITH_TOWERS
// What a projector takes: weights and compute buffer together, on the device and on the host.
void project(std::map<std::string, std::string> & s) {
    clip_context_params c = {};
    c.use_gpu = true;
    c.device = &devices[0];
    c.flash_attn_type = s["flash_attention"] == "0" ? CLIP_FLASH_ATTN_TYPE_DISABLED : CLIP_FLASH_ATTN_TYPE_AUTO;
    c.image_min_tokens = -1;
    c.image_max_tokens = -1;
    c.warmup = true;
    c.no_alloc = true;
    const clip_init_result made = clip_init(s["mmproj"].c_str(), c);
    size_t device = 0, host = 0;
    for (const auto & entry : clip_get_mem_usage(made.ctx_v)) { (entry.first == &devices[0] ? device : host) += entry.second; }
    printf("{\"parts\": [%zu, %zu]}\n", device, host);
    clip_free(made.ctx_v);
}
#endif

void answer(std::map<std::string, std::string> & s) {
#ifdef WITH_TOWERS
    if (s.count("mmproj")) { project(s); return; }
#endif
    const auto number_of = [&](const char * key, int fallback) { return s.count(key) ? std::stoi(s[key]) : fallback; };
    const int cards = number_of("gpus", 0);
    hints = number_of("hints", 0) != 0;
    std::vector<ggml_backend_dev_t> list;
    for (int i = 0; i < cards; i++) { list.push_back(&devices[i]); }
    list.push_back(nullptr);
    llama_model_params m = llama_model_default_params();
    m.devices = list.data();
    m.n_gpu_layers = cards ? number_of("gpu_layers", 999) : 0;
    // One device stands for all cards there, so its own account cannot tell them apart: buffers are really made, and counted.
    const bool sliced = s.count("split_mode") && s["split_mode"] == "tensor";
    if (sliced) { m.split_mode = LLAMA_SPLIT_MODE_TENSOR; }
    if (s.count("split_mode") && s["split_mode"] == "none") { m.split_mode = LLAMA_SPLIT_MODE_NONE; m.main_gpu = number_of("main_gpu", 0); }
    m.no_alloc = !sliced && !number_of("allocate", 0);
    m.use_extra_bufts = false;
    m.load_mode = LLAMA_LOAD_MODE_NONE;
    m.load_mtp = number_of("mtp", 0) != 0;
    std::vector<float> shares(llama_max_devices(), 0.0f);
    if (s.count("tensor_split")) {
        int i = 0;
        for (const std::string & part : split(s["tensor_split"], ',')) { shares[i++] = std::stof(part); }
        m.tensor_split = shares.data();
    }
    std::vector<std::string> patterns;
    std::vector<llama_model_tensor_buft_override> overrides;
    if (s.count("overrides")) { patterns = split(s["overrides"], ';'); }
    for (std::string & pattern : patterns) {
        const size_t at = pattern.rfind('=');
        const std::string where = pattern.substr(at + 1);
        pattern.resize(at);
        overrides.push_back({pattern.c_str(), where == "CPU" ? ggml_backend_cpu_buffer_type() : &types[std::stoi(where.substr(3))]});
    }
    if (!overrides.empty()) { overrides.push_back({nullptr, nullptr}); m.tensor_buft_overrides = overrides.data(); }
    llama_model * model = llama_model_load_from_file(s["model"].c_str(), m);
    if (!model) { printf("{\"error\": \"model\"}\n"); fprintf(stderr, "%s", last_error.c_str()); return; }
    std::vector<size_t> loaded(taken, taken + MOST);
    llama_context_params c = llama_context_default_params();
    c.n_ctx = number_of("context", 4096);
    c.n_batch = number_of("batch", 2048);
    c.n_ubatch = number_of("ubatch", 512);
    c.n_seq_max = number_of("slots", 1);
    c.n_rs_seq = number_of("kept_states", 0);
    c.n_outputs_max = number_of("outputs", 0);
    c.type_k = type_of(s.count("kv_type_k") ? s["kv_type_k"] : "f16");
    c.type_v = type_of(s.count("kv_type_v") ? s["kv_type_v"] : "f16");
    c.flash_attn_type = number_of("flash_attention", 1) ? LLAMA_FLASH_ATTN_TYPE_ENABLED : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    c.offload_kqv = number_of("kv_offload", 1) != 0;
    c.op_offload = number_of("op_offload", 1) != 0;
    c.swa_full = number_of("swa_full", 0) != 0;
    c.kv_unified = number_of("kv_unified", 1) != 0;
    c.embeddings = number_of("embedding", 0) != 0;
    // Files of chat models name no way to pool; without one, the logits of all tokens are computed besides.
    if (c.embeddings) { c.pooling_type = LLAMA_POOLING_TYPE_LAST; }
    if (number_of("mtp", 0)) { c.ctx_type = (llama_context_type) number_of("context_type", 0); }
    want_rooms = number_of("rooms", 0) != 0;
    rooms.clear();
    llama_context * context = llama_init_from_model(model, c);
    want_rooms = false;
    if (!context) { printf("{\"error\": \"context\"}\n"); fprintf(stderr, "%s", last_error.c_str()); llama_model_free(model); return; }
    std::vector<llama_memory_breakdown_data> found(cards + 1);
    for (const auto & entry : llama_get_memory_breakdown(context)) {
        int place = cards;
        for (int i = 0; i < cards; i++) { if (entry.first == &types[i]) { place = i; } }
        found[place].model += entry.second.model;
        found[place].context += entry.second.context;
        found[place].compute += entry.second.compute;
    }
    printf("{");
    if (sliced) {
        // [weights, cache and states and compute buffer together] of each card
        printf("\"cards\": [");
        for (int i = 0; i < cards; i++) { printf("%s[%zu, %zu]", i ? ", " : "", loaded[i], taken[i] - loaded[i]); }
        printf("], ");
    }
    printf("\"parts\": [");
    for (int i = 0; i <= cards; i++) {
        printf("%s[%zu, %zu, %zu]", i ? ", " : "", found[i].model, found[i].context, found[i].compute);
    }
    printf("]");
    if (!rooms.empty()) {
        printf(", \"rooms\": [");
        for (size_t i = 0; i < rooms.size(); i++) {
            std::string room = rooms[i].substr(0, rooms[i].find(" bytes"));
            for (char & letter : room) { if (letter == '"' || letter == '\\') { letter = ' '; } }
            printf("%s\"%s\"", i ? ", " : "", room.c_str());
        }
        printf("]");
    }
    printf("}\n");
    llama_free(context);
    llama_model_free(model);
}

}  // namespace

int main() {
    llama_log_set(log, nullptr);
    make_devices();
    llama_backend_init();
    for (std::string line; std::getline(std::cin, line);) {
        std::map<std::string, std::string> setting;
        for (const std::string & pair : split(line, '\t')) {
            const size_t at = pair.find('=');
            if (at != std::string::npos) { setting[pair.substr(0, at)] = pair.substr(at + 1); }
        }
        answer(setting);
        fflush(stdout);
    }
    return 0;
}
