// Finds native libraries (Garnet's Lua) in the published folder. Under edge-js the runtime does not know its own
// platform, so it looks nowhere; without the answer given here a script would hang without a word.

using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace AzureCache.Gateway;

internal static class NativeLibraries
{
    private static int registered;

    /// <summary>Answers for `runtimes/{rid}/native` beside this assembly, from now on.</summary>
    public static void Register()
    {
        if (Interlocked.Exchange(ref registered, 1) == 0) AssemblyLoadContext.Default.ResolvingUnmanagedDll += Resolve;
    }

    private static nint Resolve(Assembly _, string name)
    {
        var runtimes = Path.Combine(Path.GetDirectoryName(typeof(NativeLibraries).Assembly.Location)!, "runtimes");
        foreach (var platform in Platforms())
        {
            foreach (var file in Files(name))
            {
                if (NativeLibrary.TryLoad(Path.Combine(runtimes, platform, "native", file), out var handle)) return handle;
            }
        }
        return 0;
    }

    /// <summary>The folders of this platform; packages for macOS use either form.</summary>
    private static string[] Platforms()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
#pragma warning disable CA1308 // The names of these folders are in lower case.
        return [$"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}", system];
#pragma warning restore CA1308
    }

    private static string[] Files(string name) =>
        OperatingSystem.IsWindows() ? [name, $"{name}.dll"]
        : OperatingSystem.IsMacOS() ? [name, $"lib{name}.dylib", $"{name}.dylib"]
        : [name, $"lib{name}.so", $"{name}.so"];
}
