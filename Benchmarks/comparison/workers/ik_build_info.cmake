# The source package of ik-llama-cpp-python lacks a script that its build runs: it writes the versions into a source file.
set(ik_sources "${CMAKE_SOURCE_DIR}/vendor/ik_llama.cpp")
set(ik_generator "${ik_sources}/common/cmake/build-info-gen-cpp.cmake")
if(EXISTS "${ik_sources}" AND NOT EXISTS "${ik_generator}")
    file(WRITE "${ik_generator}"
        "set(BUILD_NUMBER 0)\nconfigure_file(\"${ik_sources}/common/build-info.cpp.in\" \"${ik_sources}/common/build-info.cpp\")\n")
endif()
