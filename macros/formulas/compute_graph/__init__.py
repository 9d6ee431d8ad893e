"""One pass of llama.cpp put together tensor by tensor, so that its buffers come out to the byte (commit 0c1e57098).

The files mirror the engine: `model`, `attention`, `latent_attention`, `recurrence` and `feed_forward` its graph builders
(llama-graph.cpp and src/models/*.cpp), `schedule` its scheduler (ggml-backend.cpp, ggml_backend_sched_split_graph), `packing` and
`arena` its allocator (ggml-alloc.c). The subset of Python that the calculator's translator reads shapes their style: whole numbers
for kinds, parallel lists, -1 for none.

    here                  ggml and the field
    fresh                 a tensor with memory of its own (ggml_new_tensor)
    over                  an in-place operation (ggml_..._inplace): it may take the memory of what it is computed from
    view                  a view or reshape (ggml_view, ggml_reshape): no memory of its own
    looked up             get_rows
    turn, turned          RoPE
    centres               LayerNorm, which subtracts the mean; otherwise RMSNorm
    sees all              global attention; otherwise sliding-window or chunked
    brought               copied to another back end at a split of the graph
    place, home           a back end, and the one where a tensor's weight or cache lies
    room                  what a tensor takes of a buffer
    shortening            a model with fewer layers whose buffers are as large
    scorer                the indexer of sparse attention
    streams               residual streams kept side by side
"""
