// edge-js has a `using` of this Roslyn namespace and uses nothing of it. An empty one saves the compiler packages.
namespace Microsoft.CodeAnalysis.CSharp.Syntax { }
