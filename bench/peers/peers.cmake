# SPDX-License-Identifier: Apache-2.0
# The other libraries that are installed. Our warnings do not apply to their headers.
add_library(evo_bench_peers STATIC peers/peer.cpp peers/descriptors.cpp)
target_include_directories(evo_bench_peers PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(evo_bench_peers PUBLIC evo_warnings)
target_compile_features(evo_bench_peers PUBLIC cxx_std_20)

find_package(Boost 1.74 QUIET)
if(Boost_FOUND)
  target_sources(evo_bench_peers PRIVATE peers/boost.cpp)
  target_compile_definitions(evo_bench_peers PRIVATE EVO_BENCH_BOOST)
  target_link_libraries(evo_bench_peers PRIVATE Boost::headers rt)
endif()

find_package(iceoryx_posh QUIET)
if(iceoryx_posh_FOUND)
  target_sources(evo_bench_peers PRIVATE peers/iceoryx.cpp)
  target_compile_definitions(evo_bench_peers PRIVATE EVO_BENCH_ICEORYX)
  target_link_libraries(evo_bench_peers PRIVATE iceoryx_posh::iceoryx_posh)
endif()

find_library(EVO_ZEROMQ_LIBRARY zmq)
find_path(EVO_ZEROMQ_INCLUDE zmq.h)
if(EVO_ZEROMQ_LIBRARY AND EVO_ZEROMQ_INCLUDE)
  target_sources(evo_bench_peers PRIVATE peers/zeromq.cpp)
  target_compile_definitions(evo_bench_peers PRIVATE EVO_BENCH_ZEROMQ)
  target_include_directories(evo_bench_peers SYSTEM PRIVATE ${EVO_ZEROMQ_INCLUDE})
  target_link_libraries(evo_bench_peers PRIVATE ${EVO_ZEROMQ_LIBRARY})
endif()

find_package(CycloneDDS QUIET)
find_program(EVO_IDLC idlc)
if(CycloneDDS_FOUND AND EVO_IDLC)
  enable_language(C)
  set(_generated ${CMAKE_CURRENT_BINARY_DIR}/peers)
  file(MAKE_DIRECTORY ${_generated})
  add_custom_command(
    OUTPUT ${_generated}/message.c ${_generated}/message.h
    COMMAND ${EVO_IDLC} -l c -o ${_generated} ${CMAKE_CURRENT_SOURCE_DIR}/peers/message.idl
    DEPENDS peers/message.idl
    COMMENT "Generating the message types for Cyclone DDS")
  add_library(evo_bench_messages STATIC ${_generated}/message.c)
  target_include_directories(evo_bench_messages SYSTEM PUBLIC ${_generated})
  target_link_libraries(evo_bench_messages PUBLIC CycloneDDS::ddsc)
  target_sources(evo_bench_peers PRIVATE peers/cyclone_dds.cpp)
  target_compile_definitions(evo_bench_peers PRIVATE EVO_BENCH_CYCLONE)
  target_link_libraries(evo_bench_peers PRIVATE evo_bench_messages)
endif()
